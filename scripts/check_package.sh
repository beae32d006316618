#!/usr/bin/env bash
# Show that the package can be published: wheel and sdist build and pass the checks of their metadata and contents; the
# wheel, installed alone in a fresh environment, trains, predicts, exports and builds an op in C++; and the tests run
# from the unpacked sdist.
#
#     scripts/check_package.sh [PYTEST ARGUMENTS]   # of the tests from the sdist: none runs the whole suite
set -euo pipefail
unset PYTHONPATH # by which the repository would be imported instead of what is installed
cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

python3 -m venv "$work/tools"
"$work/tools/bin/pip" install --quiet build twine check-wheel-contents
"$work/tools/bin/python" -m build --outdir "$work/dist" . >"$work/build.log" || { cat "$work/build.log"; exit 1; }
"$work/tools/bin/twine" check --strict "$work"/dist/*
"$work/tools/bin/check-wheel-contents" "$work"/dist/*.whl

python3 -m venv "$work/user"
"$work/user/bin/pip" install --quiet "$work"/dist/*.whl
(
    cd "$work" # where no source of the repository can be imported instead
    export PATH="$work/user/bin:$PATH" XDG_CACHE_HOME="$work/cache" TF_CPP_MIN_LOG_LEVEL=2
    sample=$(python -c 'import dnn; print(dnn.sample_path())')
    dnn train --epochs 2 --out run >/dev/null
    dnn predict run --data "$sample" --out predictions.csv
    dnn export run --out saved_model
    dnn new-op half --cpp >/dev/null
    read -r compiler _ <<<"${CXX:-c++}" # of CXX="ccache g++" the first word
    if command -v "$compiler" >/dev/null; then
        python -c 'import dnn; print("built in C++:", dnn.ops.load("half.cc").__name__)'
    else
        echo "no C++ compiler here: no op was built"
    fi
)

tar -xzf "$work"/dist/*.tar.gz -C "$work"
cd "$work"/dnn_tables-*/
"$work/user/bin/pip" install --quiet -e ".[test]"
"$work/user/bin/pytest" "$@"
