// SPDX-License-Identifier: GPL-2.0-only
#include <bpf/libbpf.h>

int main(int argc, char **argv)
{
	return !bpf_object__open_file(argv[argc - 1], 0);
}
