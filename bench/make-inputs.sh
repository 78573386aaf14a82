#!/usr/bin/env bash
# Makes the real inputs that bench/compare-peers.py measures and docs/comparison explains.
#
# usage: bench/make-inputs.sh DIR [INPUT...]
#   INPUT: debian-root oci node pyenv pyspark lockfiles (default: all)
#
# Each input is one function `make_INPUT` that fills the directory it is given. An input that exists is kept. Versions are
# pinned where a registry allows it; what apt, npm and pip resolve below them may move, so the tables in
# docs/comparison say when they were made. `debian-root` needs root and debootstrap; `node` npm; `pyenv` and
# `pyspark` Python; `lockfiles` cargo, go and Python.
set -euo pipefail

# A Debian 12 root file system with Python and Node.js: about 600 packages, 42,000 files.
make_debian-root() {
    command -v debootstrap >/dev/null || { apt-get update -qq; apt-get install -y -qq debootstrap; }
    debootstrap --variant=minbase bookworm "$1"
    DEBIAN_FRONTEND=noninteractive chroot "$1" sh -c '
        apt-get update -qq
        apt-get install -y -qq --no-install-recommends python3 python3-pip nodejs npm
        apt-get install -y -qq build-essential python3-dev
        apt-get clean
        rm -rf /var/lib/apt/lists/* /var/cache/apt/*.bin /debootstrap'
}

# The same root as an OCI image of one gzip layer, in an OCI layout directory.
make_oci() {
    [ -d "$directory/debian-root" ] || { echo "oci is made from debian-root: make that first" >&2; return 1; }
    mkdir -p "$1/blobs/sha256"
    tar --sort=name --numeric-owner --one-file-system -C "$directory/debian-root" -cf "$1/layer.tar" .
    local layer_size config manifest diff layer
    diff=$(digest "$1/layer.tar")
    gzip -n -6 "$1/layer.tar"
    layer=$(digest "$1/layer.tar.gz")
    layer_size=$(stat -c %s "$1/layer.tar.gz")
    mv "$1/layer.tar.gz" "$1/blobs/sha256/$layer"
    config=$(blob "$1" "{\"architecture\":\"amd64\",\"os\":\"linux\",\"config\":{\"Cmd\":[\"/bin/bash\"]},\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"sha256:$diff\"]},\"history\":[{\"created_by\":\"debootstrap\"}]}")
    manifest=$(blob "$1" "{\"schemaVersion\":2,\"mediaType\":\"application/vnd.oci.image.manifest.v1+json\",\"config\":$(reference "$1" config.v1+json "$config"),\"layers\":[{\"mediaType\":\"application/vnd.oci.image.layer.v1.tar+gzip\",\"digest\":\"sha256:$layer\",\"size\":$layer_size}]}")
    echo '{"imageLayoutVersion":"1.0.0"}' > "$1/oci-layout"
    echo "{\"schemaVersion\":2,\"manifests\":[$(reference "$1" manifest.v1+json "$manifest")]}" > "$1/index.json"
}

digest() { sha256sum "$1" | cut -d ' ' -f 1; }

# Stores a text as a blob, prints its digest.
blob() {
    local name
    name=$(printf %s "$2" | sha256sum | cut -d ' ' -f 1)
    printf %s "$2" > "$1/blobs/sha256/$name"
    echo "$name"
}

# Prints the descriptor of a blob.
reference() {
    echo "{\"mediaType\":\"application/vnd.oci.image.$2\",\"digest\":\"sha256:$3\",\"size\":$(stat -c %s "$1/blobs/sha256/$3")}"
}

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

# The lockfiles of three public repositories, as their releases carry them: Yarn, Cargo, Go.
make_lockfiles() {
    local work
    work=$(mktemp -d)
    mkdir "$1/jupyterlab" "$1/cargo-deny" "$1/prometheus"

    pip download --quiet --no-deps --no-binary :all: -d "$work" jupyterlab==4.5.0
    tar -xzf "$work"/jupyterlab-*.tar.gz -C "$1/jupyterlab" --strip-components=3 --wildcards \
        '*/jupyterlab/staging/yarn.lock' '*/jupyterlab/staging/package.json'

    cargo init --quiet --vcs none --name lockfiles "$work/cargo"
    (cd "$work/cargo" && cargo add --quiet cargo-deny@=0.20.2 && CARGO_HOME="$work/home" cargo fetch --quiet)
    cp "$work"/home/registry/src/*/cargo-deny-0.20.2/Cargo.lock "$1/cargo-deny/"

    mkdir "$work/go"
    (cd "$work/go" && go mod init lockfiles && go list -mod=mod -m -f '{{.GoMod}}' github.com/prometheus/prometheus@v0.308.0) |
        tail -1 | xargs -I MOD cp MOD "$1/prometheus/go.mod"
    chmod u+w "$1/prometheus/go.mod"
    rm -rf "$work"
}

inputs=(debian-root oci node pyenv pyspark lockfiles)
directory=${1:?usage: bench/make-inputs.sh DIR [INPUT...]}
shift
[ $# -gt 0 ] || set -- "${inputs[@]}"
for input in "$@"; do
    target=$directory/$input
    if [ -e "$target" ]; then
        echo "kept $target"
        continue
    fi
    rm -rf "$target.part"
    mkdir -p "$target.part"
    "make_$input" "$target.part"
    mv "$target.part" "$target"
    echo "made $target"
done
