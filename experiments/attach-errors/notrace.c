// SPDX-License-Identifier: GPL-2.0-only
/* E23: a kprobe event on a function without an ftrace entry. */
#include <bpf/libbpf.h>
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/str.h"
#include "guest/experiment.h"
#include "guest/kmsg.h"
#include "model/record.h"
#include "session.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#define ON_NOTRACE "CONFIG_KPROBE_EVENTS_ON_NOTRACE"

/* --- which functions there are, and which have an ftrace entry --------------------------- */

/* Sorted names of functions. */
struct names {
	char *text; /* what they point into */
	char **v;
	size_t n, max;
};

static void names__free(struct names *n)
{
	free(n->text);
	free(n->v);
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int names__add(struct names *n, char *name)
{
	if (n->n == n->max) {
		size_t max = n->max ? 2 * n->max : 4096;
		char **bigger = realloc(n->v, max * sizeof(*bigger));

		if (!bigger)
			return -ENOMEM;
		n->v = bigger;
		n->max = max;
	}
	n->v[n->n++] = name;
	return 0;
}

/* The functions in kallsyms, or each line. What belongs to a module, whose name follows, is left
 * out.
 */
static int names__read(struct names *n, const char *path, bool kallsyms)
{
	char *save = NULL;
	int err = file_read(path, 0, &n->text, NULL);

	if (err)
		return err;
	for (char *line = strtok_r(n->text, "\n", &save); line && !err;
	     line = strtok_r(NULL, "\n", &save)) {
		if (strchr(line, '['))
			continue;
		if (kallsyms) {
			char *type = strchr(line, ' ');

			if (!type || tolower((unsigned char)type[1]) != 't')
				continue;
			line = type + 3;
		}
		err = names__add(n, line);
	}
	if (n->n)
		qsort(n->v, n->n, sizeof(*n->v), compare);
	return err;
}

static bool names__have(const struct names *n, const char *name)
{
	return bsearch(&name, n->v, n->n, sizeof(*n->v), compare) != NULL;
}

/* --- probes ------------------------------------------------------------------------------ */

static const struct notrace_case {
	const char *symbol;
	bool ftrace_entry; /* expected: lib/Makefile takes the flags away, fs/ keeps them */
} notrace_cases[] = {
	{ "copy_page_to_iter", false },
	{ "vsnprintf", false },
	{ "vfs_read", true },
};

/* What the kernel logged since kmsg was opened; caller frees. */
static char *logged(int kmsg)
{
	struct strbuf text = STRBUF_INIT;
	bool lost;

	kmsg__read(kmsg, &text, &lost);
	return strbuf__detach(&text);
}

static void check_way(struct record *r, const struct notrace_case *c, bool refused, enum way way)
{
	const struct probe p = { .symbol = c->symbol };
	int kmsg = kmsg__open(), event = attach_errors__probe(&p, way), err = event < 0 ? event : 0;
	char *said = kmsg < 0 ? NULL : logged(kmsg), *what, *regex;

	attach_errors__unprobe(event, way);
	record__label(r, attach_errors_ways[way], exp__err_name(err));
	what = str_fmt("%s: %s", attach_errors_ways[way],
		       refused ? "the probe is refused with EINVAL" : "the probe is made");
	regex = str_fmt("trace_kprobe: Could not probe notrace function %s$", c->symbol);
	if (!what || !regex)
		goto out;
	exp__check(r, err == (refused ? -EINVAL : 0), what, "%s", exp__err_name(err));
	if (refused) {
		char *line = attach_errors__line(said, regex);

		attach_errors__says(r, "the kernel's log", said, regex);
		if (line && *line)
			exp__observed(r, err, "%s", strchr(line, ']') + 2);
		free(line);
	} else {
		exp__check(r, said && !strstr(said, "notrace function"),
			   "the kernel's log has no word about it", "%s", said ? said : "no log");
	}
out:
	free(regex);
	free(what);
	free(said);
	if (kmsg >= 0)
		close(kmsg);
}

static void check_libbpf(struct record *r, struct session *s, const struct notrace_case *c,
			 bool refused)
{
	struct bpf_link *link;
	char *said, *words;
	int err;

	free(exp__libbpf_said());
	link = bpf_program__attach_kprobe(s->prog, false, c->symbol);
	err = link ? 0 : -errno;
	said = exp__libbpf_said();
	record__label(r, "libbpf", exp__err_name(err));
	exp__check(r, err == (refused ? -EINVAL : 0),
		   refused ? "libbpf: EINVAL" : "libbpf attaches a program", "%s",
		   exp__err_name(err));
	words = str_fmt("failed to create kprobe '%s\\+0x0' perf event: Invalid argument$",
			c->symbol);
	if (refused && words)
		attach_errors__says(r, "libbpf", said, words);
	bpf_link__destroy(link);
	free(words);
	free(said);
}

static int measure_case(struct exp *e, struct session *s, const struct names *entries,
			const struct notrace_case *c)
{
	bool entry = names__have(entries, c->symbol);
	bool refused = !entry && !exp__has(e, NEED_CONFIG, ON_NOTRACE);
	struct record *r;
	char name[64];

	snprintf(name, sizeof(name), "%s_%s", refused ? "refused" : "probe", c->symbol);
	r = exp__measurement(e, name);
	record__label(r, "ftrace_entry", entry ? "yes" : "no");
	exp__check(r, entry == c->ftrace_entry,
		   c->ftrace_entry ? "the function has an ftrace entry"
				   : "the function, of lib/, has no ftrace entry",
		   "%s", entry ? "it has" : "it has none");
	for (enum way way = 0; way < NR_WAYS; way++)
		check_way(r, c, refused, way);
	if (s->prog)
		check_libbpf(r, s, c, refused);
	return exp__emit(e, r);
}

/* Which of the functions in kallsyms have no ftrace entry? */
static int count_functions(struct exp *e, const struct names *all, const struct names *entries)
{
	struct record *r = exp__measurement(e, "functions_without_ftrace_entry");
	struct strbuf list = STRBUF_INIT;
	size_t without = 0;
	int err;

	for (size_t i = 0; i < all->n; i++) {
		if (names__have(entries, all->v[i]))
			continue;
		without++;
		strbuf__addf(&list, "%s\n", all->v[i]);
	}
	record__metric(r, "functions", "functions", (double)all->n);
	record__metric(r, "without_ftrace_entry", "functions", (double)without);
	exp__check(r, without > 0 && without < all->n,
		   "some functions have an entry, some have none", "%zu of %zu have none", without,
		   all->n);
	err = exp__text(e, "functions_without_ftrace_entry", "log", strbuf__str(&list), list.len);
	strbuf__free(&list);
	if (err) {
		record__free(r);
		return err;
	}
	return exp__emit(e, r);
}

int attach_errors__notrace(struct exp *e)
{
	struct names all = { 0 }, entries = { 0 };
	struct session s;
	int err = names__read(&all, "/proc/kallsyms", true);

	if (!err)
		err = names__read(&entries, TRACE_DIR "available_filter_functions", false);
	if (err) {
		exp__fail(e, err, "read the functions of the kernel");
		goto out;
	}
	/* Where no program can be loaded, the two ways without libbpf still tell. */
	attach_errors__load(&s, "kprobe_count");
	err = count_functions(e, &all, &entries);
	for (size_t i = 0; !err && i < ARRAY_SIZE(notrace_cases); i++)
		err = measure_case(e, &s, &entries, &notrace_cases[i]);
	attach_errors__close(&s);
out:
	names__free(&all);
	names__free(&entries);
	return err;
}
