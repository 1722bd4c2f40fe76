// SPDX-License-Identifier: GPL-2.0-only
/* E39: a function of a module is in kallsyms, and in BTF only where modules have their own. */
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/version.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "guest/experiment.h"
#include "model/record.h"
#include "session.h"

#define MODULE	    "binfmt_misc"
#define FUNCTION    "bm_status_read"
#define MODULE_FILE EXP_MODULE_DIR MODULE ".ko"
#define MODULE_BTF  "/sys/kernel/btf/" MODULE
#define MOUNT_POINT "/tmp/assay-" MODULE
#define READS	    3

static int insert_module(void)
{
	int fd = open(MODULE_FILE, O_RDONLY | O_CLOEXEC), err = 0;

	if (fd < 0)
		return -errno;
	if (syscall(SYS_finit_module, fd, "", 0))
		err = -errno;
	close(fd);
	return err;
}

/* Each read of the file calls the function. */
static int read_status(struct session *s)
{
	int err = 0;

	s->g->caller = exp__this_thread();
	for (unsigned int i = 0; !err && i < READS; i++) {
		char c;
		int fd = open(MOUNT_POINT "/status", O_RDONLY | O_CLOEXEC);

		err = fd < 0 || read(fd, &c, 1) != 1 ? -errno : 0;
		if (fd >= 0)
			close(fd);
	}
	s->g->caller = 0;
	return err;
}

static void check_counts(struct record *r, struct session *s, struct bpf_link *link)
{
	int err = link ? 0 : -errno;

	record__label(r, "attach", exp__err_name(err));
	exp__check(r, link != NULL, "the program attaches", "%s", exp__err_name(err));
	if (!link)
		return;
	err = read_status(s);
	exp__check(r, !err && s->g->runs == READS, "it counts each call of " FUNCTION,
		   "%llu runs for %d reads, %s", s->g->runs, READS, exp__err_name(err));
	bpf_link__destroy(link);
}

static int measure_symbol(struct exp *e, bool *module_btf)
{
	struct record *r = exp__measurement(e, "module_symbol");
	bool symbol = exp__has(e, NEED_SYMBOL, FUNCTION);
	bool in_vmlinux = exp__has(e, NEED_BTF_FUNC, FUNCTION);
	bool want = exp__kernel_version(e) >= KERNEL_VERSION(5, 11, 0) &&
		    exp__has(e, NEED_CONFIG, "CONFIG_DEBUG_INFO_BTF_MODULES");

	*module_btf = exp__has(e, NEED_FILE, MODULE_BTF);
	record__label(r, "kallsyms", symbol ? "yes" : "no");
	record__label(r, "vmlinux_btf", in_vmlinux ? "yes" : "no");
	record__label(r, "module_btf", *module_btf ? "yes" : "no");
	exp__check(r, symbol, FUNCTION " is in kallsyms", "%s", symbol ? "yes" : "no");
	exp__check(r, !in_vmlinux, "and not in the kernel's own BTF", "%s",
		   in_vmlinux ? "it is" : "it is not");
	exp__check(r, *module_btf == want,
		   want ? MODULE_BTF " exists" : "the module has no BTF in /sys/kernel/btf", "%s",
		   *module_btf ? "it exists" : "it does not exist");
	return exp__emit(e, r);
}

static int measure_fentry(struct exp *e, bool module_btf)
{
	struct record *r = exp__measurement(e, module_btf ? "module_fentry_with_btf"
							  : "module_fentry_without_btf");
	bool kernel_btf = exp__has(e, NEED_FILE, "/sys/kernel/btf/vmlinux");
	struct session s;
	int err = attach_errors__load(&s, "fentry_module");

	record__label(r, "load", exp__err_name(err));
	if (module_btf) {
		exp__check(r, !err, "the program is loaded", "%s", exp__err_name(err));
		if (!err)
			check_counts(r, &s, bpf_program__attach(s.prog));
	} else {
		const char *says = kernel_btf ? "failed to find kernel BTF type ID of '" FUNCTION
						"': -3"
					      : "Error loading vmlinux BTF: -3";
		char *line = attach_errors__line(s.said, says);

		exp__check(r, err == -ESRCH, "loading fails with ESRCH", "%s", exp__err_name(err));
		attach_errors__says(r, "libbpf", s.said, says);
		exp__observed(r, err, "%s", line ? line : "");
		free(line);
	}
	attach_errors__close(&s);
	return exp__emit(e, r);
}

static int measure_kprobe(struct exp *e)
{
	struct record *r = exp__measurement(e, "module_kprobe");
	struct session s;
	int err = attach_errors__load(&s, "kprobe_count");

	record__label(r, "load", exp__err_name(err));
	exp__check(r, !err, "the program is loaded", "%s", exp__err_name(err));
	if (!err)
		check_counts(r, &s, bpf_program__attach_kprobe(s.prog, false, FUNCTION));
	attach_errors__close(&s);
	return exp__emit(e, r);
}

static int with_module(struct exp *e, bool loads)
{
	bool module_btf;
	int err;

	mkdir(MOUNT_POINT, 0755);
	if (mount(MODULE, MOUNT_POINT, MODULE, 0, NULL))
		return exp__fail(e, -errno, "mount " MODULE);
	err = measure_symbol(e, &module_btf);
	if (!err && !loads)
		err = attach_errors__skipped(e, "module_fentry");
	if (!err && loads)
		err = measure_fentry(e, module_btf);
	if (!err && loads)
		err = measure_kprobe(e);
	umount(MOUNT_POINT);
	rmdir(MOUNT_POINT);
	return err;
}

int attach_errors__module(struct exp *e, bool loads)
{
	bool loaded = exp__has(e, NEED_FILE, "/sys/module/" MODULE);
	int err;

	if (!loaded && !exp__has(e, NEED_FILE, MODULE_FILE)) {
		struct record *r = exp__measurement(e, "module_symbol");

		record__fail(r, STATUS_SKIPPED, "no " MODULE_FILE " in the guest");
		return exp__emit(e, r);
	}
	err = loaded ? 0 : insert_module();
	if (err)
		return exp__fail(e, err, "insert " MODULE_FILE);
	err = with_module(e, loads);
	if (!loaded)
		syscall(SYS_delete_module, MODULE, O_NONBLOCK);
	return err;
}
