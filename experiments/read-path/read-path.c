// SPDX-License-Identifier: GPL-2.0-only
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "guest/experiment.h"
#include "loader.h"
#include "model/record.h"

#define MOUNT_POINT "/tmp/assay-read-path"
#define DISK_FILE   MOUNT_POINT "/read-path"

#define STEP_NAME(function) [STEP_##function] = #function,
const char *const read_path__steps[NR_STEPS] = { READ_PATH_STEPS(STEP_NAME) };

/* Letters, no NUL byte; the period is no power of two, so that pages differ. */
char read_path__byte(size_t at)
{
	return (char)('a' + at % 23);
}

struct bpf_link *read_path__attach(struct read_path *p, const char *prog, bool at_return,
				   const char *function)
{
	struct bpf_program *program = exp__loaded(p->obj, prog);

	if (!program) {
		errno = ENOENT;
		return NULL;
	}
	return bpf_program__attach_kprobe(program, at_return, function);
}

long read_path__read(struct read_path *p, int fd, size_t page)
{
	long n;

	p->g->nr_events = 0;
	p->g->reader = exp__this_thread();
	n = pread(fd, p->buf, PAGE, (off_t)(page * PAGE));
	p->g->reader = 0;
	return n < 0 ? -errno : n;
}

const char *read_path__function(const struct read_path *p, const struct event *ev)
{
	if (!ev->at)
		return "return";
	for (int step = 0; step < NR_STEPS; step++)
		if (ev->at == p->address[step])
			return read_path__steps[step];
	return "?";
}

/* "ffffffff81060d10 T name", a hundred thousand lines: most are only compared. */
static int find_addresses(struct read_path *p)
{
	FILE *f = fopen("/proc/kallsyms", "re");
	char line[512];

	if (!f)
		return -errno;
	while (fgets(line, sizeof(line), f)) {
		char *name = strrchr(line, ' ');

		if (!name++)
			continue;
		name[strcspn(name, "\t\n")] = '\0';
		for (int step = 0; step < NR_STEPS; step++)
			if (!strcmp(name, read_path__steps[step]))
				p->address[step] = strtoull(line, NULL, 16);
	}
	fclose(f);
	return 0;
}

static int fill(int fd)
{
	char page[PAGE];

	for (size_t i = 0; i < FILE_PAGES; i++) {
		int err;

		for (size_t at = 0; at < PAGE; at++)
			page[at] = read_path__byte(i * PAGE + at);
		err = write_all(fd, page, sizeof(page));
		if (err)
			return err;
	}
	return 0;
}

/* An ext4 file on the guest's disk. */
static int open_disk(struct read_path *p)
{
	const char *device = exp__disk();
	int err;

	if (!device) {
		p->no_disk = "there is no virtual disk";
		return 0;
	}
	if (mkdir(MOUNT_POINT, 0700) && errno != EEXIST)
		return -errno;
	if (mount(device, MOUNT_POINT, "ext4", 0, NULL)) {
		if (errno != ENODEV)
			return -errno;
		p->no_disk = "the kernel has no ext4";
		return 0;
	}
	p->disk = open(DISK_FILE, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (p->disk < 0)
		return -errno;
	err = fill(p->disk);
	return err ?: fsync(p->disk) ? -errno : 0;
}

static int open_all(struct read_path *p)
{
	int err;

	p->g = exp__map_globals(p->obj, sizeof(*p->g));
	if (!p->g)
		return -errno;
	/* tmpfs without a mount point. */
	p->memory = memfd_create("assay-read-path", MFD_CLOEXEC);
	if (p->memory < 0)
		return -errno;
	err = fill(p->memory);
	memset(p->buf, 0, sizeof(p->buf)); /* no page fault in copyout */
	if (!err)
		err = find_addresses(p);
	if (p->address[STEP_copyout_bpf])
		p->copyout = "copyout_bpf";
	else if (p->address[STEP_copyout])
		p->copyout = "copyout";
	return err ?: open_disk(p);
}

static void close_all(struct read_path *p)
{
	if (p->memory >= 0)
		close(p->memory);
	if (p->disk >= 0) {
		close(p->disk);
		unlink(DISK_FILE);
	}
	umount(MOUNT_POINT);
	rmdir(MOUNT_POINT);
	if (p->g)
		munmap(p->g, sizeof(*p->g));
	free(p);
}

static int measure(struct exp *e, struct bpf_object *obj)
{
	struct read_path *p = aligned_alloc(PAGE, sizeof(*p));
	int err;

	if (!p)
		return -ENOMEM;
	memset(p, 0, sizeof(*p));
	*p = (struct read_path){ .e = e, .obj = obj, .memory = -1, .disk = -1 };
	err = open_all(p);
	if (err)
		exp__fail(e, err, "make a file in memory and one on the disk");
	if (!err)
		err = read_path__functions(p);
	if (!err)
		err = read_path__bytes(p);
	if (!err)
		err = read_path__stamps(p);
	close_all(p);
	return err;
}

static const struct need needs[] = {
	{ NEED_CONFIG, "CONFIG_BPF_EVENTS", "the programs are attached to kprobes" },
	{ NEED_CONFIG, "CONFIG_KPROBE_EVENTS", "the programs are attached to kprobes" },
	{ NEED_CONFIG, "CONFIG_DEBUG_INFO_BTF", "fentry and fexit find functions by BTF" },
	{ NEED_SYMBOL, "vfs_read", "every read passes it" },
	{ 0 },
};

static const struct param params[] = {
	{ .name = "reads",
	  .type = PARAM_UINT,
	  .value = "200",
	  .min = 1,
	  .max = FILE_PAGES,
	  .help = "reads with timestamps, of a page each" },
	{ 0 },
};

static const struct row rows[] = {
	{ .id = "X6",
	  .title =
		  "the read path seen by probes in order, and which of its functions can be probed",
	  .origin = "activity log of a thesis, 18 January, 8 and 20 February 2020",
	  .cause = "a kprobe needs a name in kallsyms, fentry needs BTF and an ftrace "
		   "entry, which lib/ has not; an inlined function has nothing of it. "
		   "On 5.10: vfs_read, new_sync_read, the file system's function, "
		   "generic_file_buffered_read, copy_page_to_iter, copyout",
	  .shows = "path_* function_*" },
	{ .id = "K1",
	  .title = "a copyout that can be hooked: where it lies on the path, and what finds it",
	  .origin = "activity log of a thesis, 19 January and 21 March 2020",
	  .cause = "with the patch copyout-bpf a kprobe finds copyout_bpf in kallsyms, "
		   "libbpf finds it in BTF, and it is on the error-injection list; "
		   "every read of a page passes it behind copy_page_to_iter (5.10; "
		   "6.1: and _copy_to_iter)",
	  .shows = "function_copyout_bpf path_*" },
	{ .id = "X7",
	  .title = "bpf_probe_read_kernel, _str and bpf_probe_write_user on copyout's buffers",
	  .origin = "activity log of a thesis, 22 January to 27 February 2020",
	  .cause = "the source can be read at copyout's entry. What is written to the "
		   "reader there is overwritten by the copy, on return it stays; the "
		   "length of the read is not changed by it. Since a breakpoint counts "
		   "as an NMI, bpf_probe_write_user gives EPERM from a kprobe that is "
		   "one (5.10.218 with and without patches, 5.10.262, 6.1.192)",
	  .shows = "bytes_at_copyout write_* events_bytes_at_copyout events_write_* "
		   "copyout_dereferences copyout_write_unbounded" },
	{ .id = "X8",
	  .title = "vfs_write: the bytes that a program writes, read by a probe",
	  .origin = "activity log of a thesis, 15 February 2020",
	  .cause = "bpf_probe_read_user and the old bpf_probe_read see them, "
		   "bpf_probe_read_kernel gives ERANGE. None sees a page that the "
		   "process has not mapped yet: EFAULT, and zeroes (5.10.218 with and "
		   "without patches, 5.10.262, 6.1.192)",
	  .shows = "vfs_write* events_vfs_write*" },
	{ .id = "X18",
	  .title = "times at the probe, at copyout's entry and return, cached and "
		   "uncached; CPU of each hit",
	  .origin = "activity log of a thesis, 26 and 27 April, 5 May 2020",
	  .cause = "always in this order, and copyout returns on the CPU on which it "
		   "began. What is not cached takes its time before copyout, not in it "
		   "(5.10.218 with and without patches, 5.10.262, 6.1.192)",
	  .shows = "stamps_*" },
	{ .id = "T",
	  .title = "functions that cannot be hooked are found out by trial",
	  .origin = "activity log of a thesis, 2020",
	  .cause = "`assay probe FUNCTION` asks a kernel before a program is written: "
		   "kallsyms, the list of ftrace, BTF, the error-injection list, and what "
		   "becomes of a kprobe, an fentry program and an override. Here what those "
		   "lists say is compared with what becomes of attaching. An experiment "
		   "that needs a function says so, and is skipped with the reason where "
		   "there is none",
	  .shows =
		  "function_vfs_read function_copy_page_to_iter function_copyout function_copyout_bpf" },
	{ 0 },
};

const struct experiment experiment_read_path = {
	.name = "read-path",
	.summary = "the way of a read through the kernel, its bytes and its times",
	.rows = rows,
	.needs = needs,
	.params = params,
	.timeout_s = 60,
	.disk_mb = 16,
	.elf_bytes = read_path_bpf__elf_bytes,
	.measure = measure,
};
