"""TensorFlow starts quietly."""

import os

from dnn.startup import quiet_start


def test_what_tensorflow_says_while_starting_is_kept_back_but_errors_are_not(capfd):
    with quiet_start():
        os.write(2, b"I0000 00:00:1 1 port.cc:153] oneDNN custom operations are on.\n")
        os.write(2, b"E0000 00:00:1 1 loader.cc:1] the disk is on fire\n")
    assert capfd.readouterr().err == "E0000 00:00:1 1 loader.cc:1] the disk is on fire\n"
