// SPDX-License-Identifier: GPL-2.0-only
#include "mounted-hook.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "guest/experiment.h"
#include "guest/hook.h"
#include "point.h"

/* What libbpf said last, without its name and level: "prog 'override': failed to …". */
static char *reason(int err)
{
	char *said = exp__libbpf_said(), *line = said, *end, *out;

	if (!said)
		return strdup(strerror(-err));
	end = line + strlen(line);
	while (end > line && end[-1] == '\n')
		*--end = '\0';
	line = strrchr(said, '\n');
	line = line ? line + 1 : said;
	if (!strncmp(line, "libbpf: ", 8))
		line += 8;
	out = strdup(line);
	free(said);
	return out;
}

int mounted_hook__attach(struct mounted_hook *h, const struct point *p)
{
	struct bpf_program *prog;

	if (p->hook == POINT_NONE)
		return 0;
	free(exp__libbpf_said());
	prog = exp__loaded(p->obj, "override");
	if (!prog)
		return exp__skip(p->e, "the program was rejected: there is nothing to attach");
	h->refused = hook__attach(prog, p->target.symbol, &h->link);
	if (h->refused)
		h->reason = reason(h->refused);
	return 0;
}

void mounted_hook__detach(struct mounted_hook *h)
{
	hook__detach(&h->link);
}

bool mounted_hook__has_hits(const struct point *p)
{
	return p->hook == POINT_INT3 || p->hook == POINT_OPTIMISED || p->hook == POINT_FTRACE;
}
