// SPDX-License-Identifier: GPL-2.0-only
#include "setup.h"

#include <stdlib.h>

#include "base/file.h"
#include "guest/experiment.h"

static int measure(struct exp *e, struct bpf_object *obj)
{
	char *cases = exp__data(e, "cases");
	struct place place = { 0 };
	int err = 0;

	(void)obj;
	if (!exp__assay(e) || !cases)
		err = exp__skip(e, "it asks assay: `assay run setup`");
	else if (!file_exists(cases))
		err = exp__skip(e, "%s is not there: build or install assay again", cases);
	free(cases);
	err = err ? err : place__open(&place, e);
	err = err ? err : setup__tools(&place);
	err = err ? err : setup__doctor(&place);
	err = err ? err : setup__options(&place);
	err = err ? err : setup__includes(&place);
	err = err ? err : setup__links(&place);
	err = err ? err : setup__headers(&place);
	err = err ? err : setup__btf(&place);
	err = err ? err : setup__stale(&place);
	place__close(&place);
	return err;
}

#define THESIS "activity log of a thesis, "

static const struct row rows[] = {
	{ .id = "E26",
	  .title = "undefined reference to `test_attr__enabled'",
	  .origin = THESIS "27 January 2020",
	  .cause =
		  "a header of the perf tool declares hooks for that tool's own tests; who includes "
		  "it and is not perf has nothing to link them with. The header of 5.10.262 has no "
		  "such hooks any more",
	  .fix = "-DHAVE_ATTR_TEST=0; assay includes no header of the perf tool",
	  .shows = "perf-attr",
	  .passes = "perf-attr-off" },
	{ .id = "E27",
	  .title = "undefined reference to `read_trace_pipe'",
	  .origin = THESIS "20 May 2020",
	  .cause = "a function of the samples' helper file, which is not on the linker's command",
	  .fix = "link that file as well; in assay every source in a folder is linked",
	  .shows = "trace-pipe",
	  .passes = "trace-pipe-helpers" },
	{ .id = "E28",
	  .title = "the version of zlib does not fit (gzopen64@@ZLIB_1.2.3.3)",
	  .origin = THESIS "28 February and 17 May 2020",
	  .cause =
		  "no version is wrong. 1.2.3.3 is the version in which the symbol gzopen64 came, "
		  "and today's zlib prints the same: libbpf.a takes functions of zlib, and -lz is "
		  "not on the command (\"DSO missing from command line\"). A version that does "
		  "not fit reads otherwise, and when the program starts: \"version `ZLIB_99.0' not "
		  "found\"",
	  .fix = "-lz after libbpf.a; assay-guest is static and takes no library from where it runs",
	  .shows = "libbpf-without-zlib newer-zlib",
	  .passes = "libbpf-with-zlib static-guest" },
	{ .id = "E30",
	  .title = "fatal error: sys/capability.h: No such file or directory",
	  .origin = THESIS "17 June 2020",
	  .cause = "a header of libcap, which the kernel's own test programs include",
	  .fix = "libcap-dev; no source of assay includes it",
	  .shows = "without-capability.h",
	  .passes = "no-capability.h" },
	{ .id = "E32",
	  .title = "BTF: .tmp_vmlinux.btf: pahole (pahole) is not available",
	  .origin = THESIS "13 June 2020",
	  .cause = "the kernel's build looks for pahole in its very last step, after minutes",
	  .fix = "package dwarves; assay looks before it fetches or builds anything",
	  .shows = "missing-pahole",
	  .passes = "doctor-well" },
	{ .id = "E33",
	  .title = "BTF: .tmp_vmlinux.btf: pahole version v1.9 is too old, need at least v1.13",
	  .origin = THESIS "14 June 2020",
	  .cause =
		  "the kernel's build asks for the version in its very last step; 5.10 and later want "
		  "1.16. Versions are compared by number: 1.9 is older than 1.16",
	  .fix = "a newer dwarves; assay asks before it fetches or builds anything",
	  .shows = "old-pahole doctor-ill",
	  .passes = "doctor-well" },
	{ .id = "E34",
	  .title = "pahole: error while loading shared libraries: libdwarves_reorganize.so.1: "
		   "cannot open shared object file",
	  .origin = THESIS "14 June 2020",
	  .cause =
		  "a pahole built by hand, whose libraries are not where the dynamic linker looks; "
		  "the kernel's build then took the empty answer for a version and went on",
	  .fix = "reinstall dwarves, or take the broken one out of PATH: assay quotes what it says",
	  .shows = "broken-pahole",
	  .passes = "doctor-well" },
	{ .id = "E38",
	  .title = "libbpf: failed to get EHDR from /sys/kernel/btf/vmlinux, Unknown error -4001",
	  .origin = THESIS "14 June 2020",
	  .cause =
		  "the file is BTF and nothing else, and the reader takes it for an ELF file: 4001 "
		  "is libbpf's error for a wrong format. libbpf 1.1 prints the same when it is "
		  "told to read ELF (btf__parse_elf); a bpftool that is older than the kernel did "
		  "so always",
	  .fix = "a bpftool as new as the kernel: today's looks at the first bytes first",
	  .shows = "btf-as-elf",
	  .passes = "btf-as-it-is btf-bpftool" },
	{ .id = "T",
	  .title = "what has to be installed is found out one failure at a time",
	  .origin = THESIS "2020",
	  .cause =
		  "every tool and header that a build or a boot takes is looked for before a source "
		  "is fetched or a build begun; what is missing is said in one line, all of it at "
		  "once, with Debian's package; `assay doctor` shows a whole host",
	  .fix = "the line says it",
	  .shows = "missing-* old-pahole broken-pahole doctor-ill "
		   "doctor-no-bpftool install-no-apt install-fails",
	  .passes = "doctor-well install-nothing" },
	{ .id = "T",
	  .title = "pahole, bpftool and the kernel have to fit one another",
	  .origin = THESIS "13 to 15 June 2020",
	  .cause =
		  "each has a least version or a format that the next one must read: pahole makes "
		  "the BTF that the kernel checks and bpftool reads. assay asks pahole before a "
		  "build and reads the BTF of what was built (attach-errors has a kernel whose BTF "
		  "is refused); what bpftool is for, skeletons of the experiments, takes no BTF of "
		  "a kernel",
	  .fix = "the line says which one, and from which version on it will do",
	  .shows = "old-pahole broken-pahole doctor-ill btf-as-elf",
	  .passes = "doctor-well btf-as-it-is btf-bpftool" },
	{ .id = "T",
	  .title = "options that a configuration needs are found out one failure at a time",
	  .origin = THESIS "2020",
	  .cause =
		  "kconfig drops without a word what it can't do. assay compares what was asked "
		  "for with what came of it, before anything is compiled, and names every option "
		  "that is not as asked: file and line of the fragment, and why. Here the kernel's "
		  "source is a stand-in of two files; the comparison and the reasons are assay's",
	  .fix = "the line says it: the option that is missing, or the one that selects",
	  .shows = "options-dropped",
	  .passes = "options-met" },
	{ .id = "T",
	  .title = "headers installed and copied by hand, a /usr/include older than the kernel",
	  .origin = THESIS "2020",
	  .cause =
		  "samples take a helper's number by its name in <linux/bpf.h>, so that every new "
		  "helper wants that file copied. Experiments take it from libbpf's list, and those "
		  "of assay's patches from the BTF of the kernel that runs (strtol): no header of a "
		  "kernel is installed or copied, and one that knows five helpers will do",
	  .fix = "<bpf/bpf_helpers.h>",
	  .shows = "stale-bpf.h",
	  .passes = "stale-bpf.h-libbpf" },
	{ .id = "T",
	  .title = "clang and llc linked by hand to names without a version",
	  .origin = THESIS "17 June 2020",
	  .cause =
		  "clang made bitcode, and llc the object of it; both are packaged under names with "
		  "a version. clang writes the object by itself with -target bpf. A missing clang, "
		  "or one that is too old, is said before anything is built",
	  .fix = "package clang; CLANG=clang-14 names another one to make",
	  .shows = "install-no-apt doctor-ill",
	  .passes = "clang-alone" },
	{ .id = "T",
	  .title = "a boot loader started another kernel than the one just built",
	  .origin = THESIS "2020",
	  .cause = "the guest says its release and the build id of the running kernel, and assay "
		   "compares both with those of the build before anything runs",
	  .fix = "remove the folder that the line names",
	  .shows = "stale-kernel stale-release",
	  .passes = "right-kernel" },
	{ 0 },
};

const struct experiment experiment_setup = {
	.name = "setup",
	.rows = rows,
	.summary = "what is wrong with a host is said in one line, before anything is begun",
	.on_host = true,
	.timeout_s = 120,
	.measure = measure,
};
