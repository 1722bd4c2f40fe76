// SPDX-License-Identifier: GPL-2.0-only
#include "plain.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "filter-reduce.skel.h"
#include "guest/experiment.h"
#include "model/fit.h"
#include "model/record.h"
#include "model/vlog.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#define LIMIT	  1000000.0 /* BPF_COMPLEXITY_LIMIT_INSNS */
#define LARGEST	  65536u
#define LOG_LEN	  65536u
#define LOG_STATS 4u /* BPF_LOG_STATS */

/* Loads the program for so many bytes: what the verifier processed, its verdict in *verdict. */
static int load(struct exp *e, unsigned int bytes, char *log, int *verdict, double *processed)
{
	size_t size;
	const void *elf = filter_reduce_bpf__elf_bytes(&size);
	struct bpf_object *obj = bpf_object__open_mem(elf, size, NULL);
	struct filter_reduce_bpf__rodata rodata = { .plain_bytes = bytes };
	struct bpf_program *p;
	struct bpf_map *map;
	struct vlog v = { 0 };
	int err = 0;

	if (!obj)
		return exp__fail(e, -errno, "open the object");
	map = bpf_object__find_map_by_name(obj, ".rodata");
	err = map ? bpf_map__set_initial_value(map, &rodata, sizeof(rodata)) : -ENOENT;
	if (err) {
		exp__fail(e, err, "set the object's .rodata");
		goto out;
	}
	bpf_object__for_each_program (p, obj) {
		bool wanted = !strcmp(bpf_program__name(p), "plain_loop");

		bpf_program__set_autoload(p, wanted);
		if (!wanted)
			continue;
		bpf_program__set_log_level(p, LOG_STATS);
		bpf_program__set_log_buf(p, log, LOG_LEN);
	}
	log[0] = '\0';
	*verdict = bpf_object__load(obj);
	err = vlog__parse(log, *verdict != 0, &v);
	if (!err) {
		*processed = (double)v.stats.insns;
		vlog__release(&v);
	}
out:
	bpf_object__close(obj);
	return err;
}

int filter_reduce__plain(struct exp *e)
{
	static const unsigned int sizes[] = { 128, 256, 512 };
	double bytes[ARRAY_SIZE(sizes)], insns[ARRAY_SIZE(sizes)], processed;
	struct record *r = exp__measurement(e, "plain_limit");
	char *log = malloc(LOG_LEN);
	struct fit f;
	int err = log ? 0 : -ENOMEM, verdict = 0;

	for (size_t i = 0; !err && !verdict && i < ARRAY_SIZE(sizes); i++) {
		bytes[i] = sizes[i];
		err = load(e, sizes[i], log, &verdict, &insns[i]);
	}
	if (err)
		goto out;
	exp__check(r, !verdict, "loops over 128 to 512 bytes are accepted", "%s",
		   exp__err_name(verdict));
	if (!verdict && !fit__line(bytes, insns, ARRAY_SIZE(sizes), &f)) {
		record__metric(r, "insns_per_byte", "insns", f.slope);
		record__metric(r, "bytes_at_most", "bytes", (LIMIT - f.intercept) / f.slope);
		record__series(r, "bytes", "bytes", bytes, ARRAY_SIZE(sizes));
		record__series(r, "processed", "insns", insns, ARRAY_SIZE(sizes));
	}
	err = load(e, LARGEST, log, &verdict, &processed);
	if (err)
		goto out;
	exp__check(r, verdict == -E2BIG && strstr(log, "BPF program is too large."),
		   "one over 65,536 bytes is refused as too large", "%s: %.*s",
		   exp__err_name(verdict), (int)strcspn(log, "\n"), log);
	exp__observed(r, -verdict, "%.*s", (int)strcspn(log, "\n"), log);
	err = exp__emit(e, r);
	r = NULL;
out:
	record__free(r);
	free(log);
	return err;
}
