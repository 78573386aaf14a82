#!/usr/bin/env bash
# Unpacks real programs out of Debian's archive, for the tests of what Yagura reads in executables. Nothing is installed.
#
# usage: tests/peers/binaries.sh DIR      one folder per package; its version stands in DIR/PACKAGE.version
set -euo pipefail

packages=(
  apache2-bin bash busybox curl erlang-base git haproxy libcurl4 libnode108 libperl5.36 libpython3.11 libruby3.1
  libssl3 lighttpd mariadb-client-core mariadb-server-core memcached nginx openssh-client openssh-server openssl
  perl-base php8.2-cli php8.2-fpm postgresql-15 python3.11-minimal redis-tools
)

directory=${1:?usage: tests/peers/binaries.sh DIR}
mkdir -p "$directory"
cd "$directory"
for package in "${packages[@]}"; do
  [ -e "$package.version" ] && continue
  # Another release of Debian has other names; the test compares what is there.
  apt-get download -qq "$package" 2>/dev/null || { echo "no package $package here"; continue; }
  deb=$(echo "$package"_*.deb)
  dpkg-deb -x "$deb" "$package"
  dpkg-deb -f "$deb" Version > "$package.version"
  rm "$deb"
done
