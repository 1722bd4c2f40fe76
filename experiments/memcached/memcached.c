// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stddef.h>

#include "guest/experiment.h"
#include "memcached.skel.h"
#include "notes.h"
#include "probe.h"
#include "server.h"

static int measure(struct exp *e, struct bpf_object *obj)
{
	struct mc_notes notes;
	int err = mc_notes__read(SERVER_PATH, &notes);

	(void)obj;
	if (err)
		return exp__fail(e, err, "read the ELF notes of " SERVER_PATH);
	err = mc_notes__measure(e, &notes);
	if (!err)
		err = mc_arguments__measure(e, &notes);
	if (!err)
		err = mc_keys__measure(e);
	if (!err)
		err = mc_commands__measure(e);
	if (!err)
		err = mc_events__measure(e, &notes);
	mc_notes__release(&notes);
	return err;
}

static const struct need needs[] = {
	{ NEED_PROGRAM, "memcached", "the server whose keys are counted" },
	{ NEED_CONFIG, "CONFIG_UPROBE_EVENTS", "uprobes with BPF programs" },
	{ NEED_CONFIG, "CONFIG_INET", "memcached listens on the loopback interface" },
	{ 0 },
};

static const struct param params[] = {
	{ .name = "rounds",
	  .type = PARAM_UINT,
	  .value = "1",
	  .min = 1,
	  .max = 1000,
	  .help = "how often the set of reads is repeated" },
	{ 0 },
};

const struct experiment experiment_memcached = {
	.name = "memcached",
	.summary = "keys of a real memcached through its probes: read whole, as strings, by length",
	.needs = needs,
	.params = params,
	.elf_bytes = memcached_bpf__elf_bytes,
	.measure = measure,
};
