"""Models of other libraries become ours and back; nothing else in `dnn` imports what stands here."""
