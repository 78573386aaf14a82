#!/usr/bin/env bash
# Makes the real inputs that bench/compare-peers.py measures and docs/comparison explains.
#
# usage: bench/make-inputs.sh DIR [INPUT...]     INPUT: node pyenv pyspark (default: all)
#
# Each input is one function `make_INPUT` that fills the directory it is given. An input that exists is kept. Versions are
# pinned where a registry allows it; what npm and pip resolve below them may move, so the tables in
# docs/comparison say when they were made.
set -euo pipefail

# An installed node_modules of more than 1,500 packages with its lockfile. Install scripts do not run.
make_node() {
    cat > "$1/package.json" <<'JSON'
{"name":"bench-node","version":"1.0.0","private":true,
"dependencies":{"react-scripts":"5.0.1","express":"4.18.2","left-pad":"npm:lodash@4.17.20"},
"devDependencies":{"@angular/cli":"17.3.0","jest":"29.7.0","webpack-cli":"5.1.4"},
"optionalDependencies":{"fsevents":"2.3.3"}}
JSON
    (cd "$1" && npm install --no-audit --no-fund --ignore-scripts)
}

# A virtual environment of more than 130 packages and 80,000 files.
make_pyenv() {
    python3 -m venv "$1"
    "$1/bin/pip" install --quiet \
        ansible==12.3.0 boto3==1.44.8 celery==5.7.0 django==5.2.19 flask==3.1.3 jupyter==1.1.1 \
        matplotlib==3.11.2 pandas==3.1.1 requests==2.34.2 scikit-learn==1.9.1 sqlalchemy==2.1.9
}

# The 280 jars that Spark's Python package carries.
make_pyspark() {
    pip download --quiet --no-deps -d "$1" pyspark==4.3.0
    tar -xzf "$1"/pyspark-*.tar.gz -C "$1" --strip-components=3 --wildcards '*/deps/jars/*'
    rm "$1"/pyspark-*.tar.gz
}

inputs=(node pyenv pyspark)
directory=${1:?usage: bench/make-inputs.sh DIR [INPUT...]}
shift
for input in "${@:-${inputs[@]}}"; do
    target=$directory/$input
    if [ -e "$target" ]; then
        echo "kept $target"
        continue
    fi
    mkdir -p "$target.part"
    "make_$input" "$target.part"
    mv "$target.part" "$target"
    echo "made $target"
done
