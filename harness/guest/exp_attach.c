// SPDX-License-Identifier: GPL-2.0-only
/* For measurements that attach programs and act under their eyes. */
#include <bpf/libbpf.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "guest/experiment.h"
#include "model/verdict.h"

struct bpf_program *exp__loaded(struct bpf_object *obj, const char *name)
{
	struct bpf_program *p = bpf_object__find_program_by_name(obj, name);

	return p && bpf_program__fd(p) >= 0 ? p : NULL;
}

void *exp__map_globals(struct bpf_object *obj, size_t size)
{
	struct bpf_map *bss = bpf_object__find_map_by_name(obj, ".bss");
	void *at;

	if (!bss) {
		errno = ENOENT;
		return NULL;
	}
	at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, bpf_map__fd(bss), 0);
	return at == MAP_FAILED ? NULL : at;
}

uint64_t exp__this_thread(void)
{
	return (uint64_t)getpid() << 32 | (uint32_t)syscall(SYS_gettid);
}

const char *exp__err_name(int err)
{
	return err ? errno__name(-err) : "success";
}

static int watch(uint64_t tgid)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRIu64, tgid);
	return exp__write_str(EXP_COPYOUT_DIR "watch", text);
}

int exp__copyout_watch(void)
{
	return watch((uint64_t)getpid());
}

void exp__copyout_unwatch(void)
{
	watch(0);
}

int exp__copyout_calls(uint64_t *out)
{
	return exp__read_u64(EXP_COPYOUT_DIR "body_calls", out);
}

int exp__copyout_variant(const char *name)
{
	return exp__write_str(EXP_COPYOUT_DIR "variant", name);
}

const char *exp__copyout_symbol(struct exp *e)
{
	const char *name = exp__has(e, NEED_SYMBOL, "copyout_bpf") ? "copyout_bpf" : "copyout";

	if (!exp__has(e, NEED_SYMBOL, name))
		return NULL;
	if (!exp__has(e, NEED_FTRACE, name) &&
	    !exp__has(e, NEED_CONFIG, "CONFIG_KPROBE_EVENTS_ON_NOTRACE"))
		return NULL;
	return name;
}
