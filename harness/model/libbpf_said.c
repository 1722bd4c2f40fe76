// SPDX-License-Identifier: GPL-2.0-only
#include "model/libbpf_said.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"

#define PREFIX "libbpf: "
/* What libbpf puts into the imm of an instruction that it makes invalid (relo_core.c, libbpf.c). */
#define POISON_CORE  195896080ul
#define POISON_MAP   2001000000ul
#define POISON_KFUNC 2002000000ul /* from libbpf 1.3 on */
#define POISON_RANGE 1000000ul

/* The text between two fixed parts of a line is the name; `after` NULL: there is none. */
static const struct {
	const char *before, *after, *also; /* also: further on in the line; or NULL */
	enum failure failure;
} messages[] = {
	{ "map '", "': failed to create", NULL, FAILURE_MAP },
	{ "extern (func ksym) '", "': not found", NULL, FAILURE_KFUNC },
	{ "extern (func ksym) '", "': func_proto", "incompatible", FAILURE_KFUNC },
	{ "extern (var ksym) '", "': ", NULL, FAILURE_BTF },
	{ "extern (ksym) '", "': ", NULL, FAILURE_BTF },
	{ "extern (kcfg) '", "': ", NULL, FAILURE_KCONFIG },
	{ "extern 'CONFIG_", "' (strong): not resolved", NULL, FAILURE_KCONFIG },
	{ "extern 'LINUX_", "' (strong): not resolved", NULL, FAILURE_KCONFIG },
	{ "extern '", "' (strong): not resolved", NULL, FAILURE_BTF },
	{ "failed to open system Kconfig", NULL, NULL, FAILURE_KCONFIG },
	{ "failed to find kernel BTF type ID of '", "'", NULL, FAILURE_BTF },
	{ "failed to find valid kernel BTF", NULL, NULL, FAILURE_BTF },
	{ "Error loading vmlinux BTF", NULL, NULL, FAILURE_BTF },
	{ "struct_ops init_kern: struct ", " is not found in kernel BTF", NULL, FAILURE_BTF },
	{ "struct_ops init_kern: struct ", " data is not found", NULL, FAILURE_BTF },
	{ "Cannot find member ", " in kernel BTF", NULL, FAILURE_BTF },
	{ "struct_ops init_kern ", ":", NULL, FAILURE_BTF },
	{ ": failed to relocate: ", NULL, NULL, FAILURE_BTF },
	{ "failed to perform CO-RE relocations", NULL, NULL, FAILURE_BTF },
	{ "no BTF-based attach target is specified", NULL, NULL, FAILURE_ATTACH_TARGET },
	{ "attach program FD is not set", NULL, NULL, FAILURE_ATTACH_TARGET },
	{ "missing BPF prog type, check ELF section name '", "'", NULL, FAILURE_OTHER },
};
#define NR_MESSAGES (sizeof(messages) / sizeof(messages[0]))

/* Of "extern 'CONFIG_X'" the beginning is part of the name. */
static const char *name_from(const char *at, const char *before)
{
	const char *quote = strchr(before, '\'');

	return quote && quote[1] ? at + (quote + 1 - before) : at + strlen(before);
}

/* Does the line (NUL-terminated) match message i? *name: of what, or NULL; caller frees. */
static int match(const char *line, size_t i, char **name)
{
	const char *at = strstr(line, messages[i].before), *from, *end;

	*name = NULL;
	if (!at)
		return 0;
	if (!messages[i].after)
		return 1;
	from = name_from(at, messages[i].before);
	end = strstr(from, messages[i].after);
	if (!end || (messages[i].also && !strstr(end, messages[i].also)))
		return 0;
	*name = strndup(from, (size_t)(end - from));
	return *name ? 1 : -ENOMEM;
}

static int take_line(const char *line, struct libbpf_cause *out)
{
	for (size_t i = 0; i < NR_MESSAGES; i++) {
		int found = match(line, i, &out->name);

		if (found <= 0) {
			if (found)
				return found;
			continue;
		}
		out->failure = messages[i].failure;
		out->line = strdup(str_starts(line, PREFIX) ? line + strlen(PREFIX) : line);
		return out->line ? 1 : -ENOMEM;
	}
	return 0;
}

int libbpf_said__cause(const char *warnings, struct libbpf_cause *out)
{
	char *copy = strdup(warnings), *line, *save = NULL;
	int found = 0;

	*out = (struct libbpf_cause){ 0 };
	if (!copy)
		return -ENOMEM;
	for (line = strtok_r(copy, "\n", &save); line && !found; line = strtok_r(NULL, "\n", &save))
		found = take_line(line, out);
	free(copy);
	if (found < 0)
		libbpf_cause__release(out);
	return found < 0 ? found : 0;
}

void libbpf_cause__release(struct libbpf_cause *c)
{
	free(c->name);
	free(c->line);
	*c = (struct libbpf_cause){ 0 };
}

/* --- instructions made invalid ------------------------------------------------------------- */

/* The number of the last instruction that the log shows before `at`: "12: (85) call unknown#…". */
static long insn_before(const char *log, const char *at)
{
	long n, number;

	while (at > log) {
		const char *line = at;

		while (line > log && line[-1] != '\n')
			line--;
		if (sscanf(line, "%ld: (85) call unknown#%ld", &n, &number) == 2)
			return n;
		if (line == log)
			break;
		at = line - 1;
	}
	return -1;
}

static bool in_range(unsigned long number, unsigned long base)
{
	return number >= base && number - base < POISON_RANGE;
}

/* What the verifier says begins a line; the program's own source, which the log shows too, comes
 * behind "; ". */
static const char *find_line(const char *log, const char *start)
{
	const char *at = log;

	while ((at = strstr(at, start)) && at != log && at[-1] != '\n')
		at++;
	return at;
}

struct poison libbpf_said__poison(const char *log)
{
	static const char said[] = "invalid func unknown#";
	struct poison p = { .insn = -1 };
	const char *at = find_line(log, said);
	unsigned long number = at ? strtoul(at + strlen(said), NULL, 10) : 0;

	if (number == POISON_CORE) {
		p.failure = FAILURE_BTF;
	} else if (in_range(number, POISON_MAP)) {
		p.failure = FAILURE_MAP;
		p.map = (unsigned int)(number - POISON_MAP);
	} else if (in_range(number, POISON_KFUNC)) {
		p.failure = FAILURE_KFUNC;
	} else {
		return p;
	}
	p.insn = insn_before(log, at);
	return p;
}

/* "prog 'p': relo #3: <byte_off> [7] struct a.b (0:1 @ offset 8)" -> "struct a.b". */
static char *relocation(const char *all, const char *prog, size_t prog_len, int relo)
{
	char *start = str_fmt(PREFIX "prog '%.*s': relo #%d: <", (int)prog_len, prog, relo);
	const char *at = start ? strstr(all, start) : NULL, *from, *end, *stop;

	free(start);
	from = at ? strstr(at, "] ") : NULL;
	end = at ? at + strcspn(at, "\n") : NULL;
	if (!from || from > end)
		return NULL;
	from += 2;
	stop = memmem(from, (size_t)(end - from), " (", 2);
	return strndup(from, (size_t)((stop ? stop : end) - from));
}

char *libbpf_said__relocation(const char *all, const char *program, long insn)
{
	static const char says[] = ": substituting insn #";
	char *best = NULL, *found;
	bool exact = false;

	for (const char *at = all; !exact && (at = strstr(at, says)); at++) {
		long n = strtol(at + strlen(says), NULL, 10);
		const char *line = at, *quote;
		int relo;

		while (line > all && line[-1] != '\n')
			line--;
		quote = str_starts(line, PREFIX "prog '") ? line + strlen(PREFIX "prog '") : NULL;
		if (!quote || sscanf(quote + strcspn(quote, "'"), "': relo #%d", &relo) != 1)
			continue;
		exact = n == insn && strlen(program) == strcspn(quote, "'") &&
			str_starts(quote, program);
		if (best && !exact)
			continue;
		found = relocation(all, quote, strcspn(quote, "'"), relo);
		if (!found)
			continue;
		free(best);
		best = found;
	}
	return best;
}
