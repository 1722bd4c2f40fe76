#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Installs what assay needs and this host lacks. Quick and silent when nothing is missing. Without
# apt it names what to install and stops; without root it uses sudo.
# --catalogue: also what only the whole catalogue takes, as far as this host's archive has it.
set -euo pipefail

# What is looked for (a program, or a header or library file) and the Debian package with it.
needs='
program gcc                gcc
program make               make
program clang              clang
program llvm-objdump       llvm
program bpftool            bpftool
program pahole             dwarves
program qemu-system-x86_64 qemu-system-x86
program flex               flex
program bison              bison
program bc                 bc
program cpio               cpio
program patch              patch
program xz                 xz-utils
program dpkg-deb           dpkg
program ccache             ccache
program pkg-config         pkg-config
program perl               perl
program python3            python3
program readelf            binutils
program curl               curl
program tar                tar
program dtrace             systemtap-sdt-dev
program objcopy            binutils
program mke2fs             e2fsprogs
program gnuplot            gnuplot-nox
file    /bin/busybox                 busybox-static
file    /usr/include/bpf/libbpf.h    libbpf-dev
file    /usr/include/libelf.h        libelf-dev
file    /usr/include/elfutils/libdw.h libdw-dev
file    /usr/include/zlib.h          zlib1g-dev
file    /usr/include/jansson.h       libjansson-dev
file    /usr/include/sqlite3.h       libsqlite3-dev
file    /usr/include/ini.h           libinih-dev
file    /usr/include/event.h         libevent-dev
file    /usr/include/openssl/evp.h   libssl-dev
file    /usr/include/cmocka.h        libcmocka-dev
file    /usr/include/asm-generic/errno.h linux-libc-dev
file    /usr/include/stdio.h         libc6-dev
'

PATH="$PATH:/usr/sbin:/sbin"
missing=()
while read -r kind what package; do
	case $kind in
	program) command -v "$what" >/dev/null || missing+=("$package") ;;
	file) [ -e "$what" ] || missing+=("$package") ;;
	esac
done <<<"$needs"
# busybox may be there and dynamic: useless in a guest that has nothing else
if [ -e /bin/busybox ] && command -v readelf >/dev/null &&
	readelf -lW /bin/busybox 2>/dev/null | grep -q INTERP; then
	missing+=(busybox-static)
fi

# The experiment `compile` compares compilers: the oldest and the newest that can be had, beside the
# one that builds assay.
other_clangs() {
	local versions clang
	command -v apt-cache >/dev/null || return 0
	[ "$(compgen -c clang- | grep -xE 'clang-[0-9]+' | sort -u | wc -l)" -ge 3 ] && return 0
	versions=$(apt-cache search --names-only '^clang-[0-9]+$' | cut -d ' ' -f 1 | sort -V)
	while read -r clang; do
		command -v "$clang" >/dev/null || echo "$clang"
	done < <(sed -n '1p;$p' <<<"$versions" | sed '/^$/d')
}
if [ "${1:-}" = --catalogue ]; then
	mapfile -t -O ${#missing[@]} missing < <(other_clangs)
fi
[ ${#missing[@]} -eq 0 ] && exit 0

mapfile -t missing < <(printf '%s\n' "${missing[@]}" | sort -u)
if ! command -v apt-get >/dev/null; then
	echo "assay: there is no apt-get; install what these Debian packages hold: ${missing[*]}" >&2
	exit 1
fi
sudo=()
if [ "$(id -u)" -ne 0 ]; then
	if ! command -v sudo >/dev/null; then
		echo "assay: run as root: apt-get install -y --no-install-recommends ${missing[*]}" >&2
		exit 1
	fi
	sudo=(sudo)
fi
log=$(mktemp)
trap 'rm -f "$log"' EXIT
apt() {
	if [ "${V:-0}" = 1 ]; then
		"${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -y "$@"
	elif ! "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq -y "$@" >"$log" 2>&1; then
		tail -n 20 "$log" >&2
		return 1
	fi
}
echo "assay: installing ${#missing[@]} packages: ${missing[*]}"
start=$SECONDS
# When that fails the lists may never have been fetched, or be too old.
if ! apt install --no-install-recommends "${missing[@]}" 2>/dev/null &&
	! { apt update && apt install --no-install-recommends "${missing[@]}"; }; then
	echo "assay: apt-get could not install: ${missing[*]}" >&2
	exit 1
fi
echo "assay: packages installed ($((SECONDS - start)) s)"
