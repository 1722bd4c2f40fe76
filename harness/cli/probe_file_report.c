// SPDX-License-Identifier: GPL-2.0-only
#include "cli/probe_file_report.h"

#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "base/term.h"
#include "cli/probe_line.h"
#include "cli/probe_report.h"
#include "cli/report_text.h"

struct lines {
	FILE *out;
	const json_t *facts;
	const struct probe_functions *f;
	size_t width;
};

static void line(const struct lines *l, const char *what, const char *answer, struct strbuf *note)
{
	probe_line__put(l->out, l->width, what, answer, strbuf__str(note));
	strbuf__free(note);
}

static size_t count(const json_t *o, const char *key)
{
	return json_array_size(json_object_get(o, key));
}

static const char *plural(size_t n)
{
	return n == 1 ? "" : "s";
}

/* --- the file --------------------------------------------------------------------------------- */

static void put_file(const struct lines *l)
{
	const json_t *elf = json_object_get(l->facts, "elf");
	struct strbuf sb = STRBUF_INIT;

	strbuf__addf(&sb, "x86-64, %s, linked %s, ",
		     probe_json__flag(elf, "fixed") ? "at fixed addresses" : "position-independent",
		     probe_json__flag(elf, "dynamic") ? "dynamically" : "statically");
	if (probe_json__flag(elf, "stripped"))
		strbuf__addf(&sb, "stripped (only .dynsym is left)");
	else
		strbuf__addf(&sb, "not stripped, %s debug information",
			     probe_json__flag(elf, "dwarf") ? "with" : "without");
	line(l, "file", "ELF", &sb);
}

/* --- uprobes ---------------------------------------------------------------------------------- */

static const char *why_not(const char *err)
{
	static const struct {
		const char *err, *why;
	} known[] = {
		{ "ENOTSUPP", "the kernel puts no uprobe on the instruction that stands there" },
		{ "ENOEXEC", "what stands there is no instruction that the kernel can decode" },
		{ "EINVAL", "beyond the file's end, or a semaphore at an odd offset" },
		{ "EIO", "the file system that holds the file can't have uprobes" },
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (!strcmp(known[i].err, err))
			return known[i].why;
	return "";
}

static void add_refusal(struct strbuf *sb, const json_t *h)
{
	const char *err = probe_json__text(h, "errno"), *why = probe_json__text(h, "message");

	if (!*why)
		why = why_not(err);
	strbuf__addf(sb, "%s%s%s", err, *why ? ": " : "", why);
}

static bool armed(const json_t *o, const char *key)
{
	return probe_json__hooked(o, key) && probe_json__flag(json_object_get(o, key), "armed");
}

static void put_uprobe(const struct lines *l, const json_t *symbol, const char *key,
		       const char *note)
{
	const json_t *h = json_object_get(symbol, key);
	struct strbuf sb = STRBUF_INIT;

	if (!h)
		strbuf__addf(
			&sb, "%s",
			probe_json__flag(symbol, "executable")
				? "its bytes are not in the file"
				: "not in an executable segment: no process would run it there");
	else if (!probe_json__hooked(symbol, key))
		add_refusal(&sb, h);
	else if (!armed(symbol, key))
		strbuf__addf(&sb, "accepted, and yet a process that maps the file gets no "
				  "breakpoint");
	else
		strbuf__addf(&sb, "%s", note);
	line(l, key, armed(symbol, key) ? "yes" : "no", &sb);
}

/* --- a function ------------------------------------------------------------------------------- */

static void put_names(struct strbuf *sb, const json_t *names, const char *before)
{
	const json_t *name;
	size_t i;

	json_array_foreach (names, i, name)
		strbuf__addf(sb, "%s%s", i ? ", " : before, json_string_value(name));
}

static void put_symbol(const struct lines *l, const json_t *s)
{
	const char *offset = probe_json__text(s, "offset"), *in = probe_json__text(s, "section");
	const char *binding = probe_json__text(s, "binding");
	long long size = (long long)json_integer_value(json_object_get(s, "size"));
	struct strbuf sb = STRBUF_INIT;

	strbuf__addf(&sb, "%s, %lld byte%s at %s in %s",
		     !strcmp(binding, "local") ? "static" : binding, size, plural((size_t)size),
		     probe_json__text(s, "address"), *in ? in : "no section");
	if (*offset)
		strbuf__addf(&sb, " (file offset %s)", offset);
	if (strcmp(probe_json__text(s, "table"), ".symtab") != 0)
		strbuf__addf(&sb, ", in %s", probe_json__text(s, "table"));
	put_names(&sb, json_object_get(s, "aliases"), "; also named ");
	line(l, "symbol", "yes", &sb);
	if (probe_json__flag(s, "ifunc")) {
		strbuf__addf(&sb, "what stands here runs once and picks the function that callers "
				  "get: a hook on it sees no calls");
		line(l, "ifunc", "yes", &sb);
	}
	put_uprobe(l, s, "uprobe",
		   "in every process that maps this file (its inode), not a copy of it");
	put_uprobe(l, s, "uretprobe", "");
}

static void put_nearest(const struct lines *l, struct strbuf *sb)
{
	const char *nearest = probe_json__text(l->facts, "nearest");

	if (*nearest)
		strbuf__addf(sb, "; did you mean '%s'?", nearest);
}

static void put_no_symbol(const struct lines *l)
{
	struct strbuf sb = STRBUF_INIT;

	if (probe_json__flag(l->facts, "imported"))
		strbuf__addf(&sb, "this file only calls it: hook the shared library that has it");
	else if (l->f->n && !count(l->facts, "variants"))
		strbuf__addf(&sb, "no copy of its own: inlined wherever it is called");
	else if (count(l->facts, "variants"))
		put_names(&sb, json_object_get(l->facts, "variants"), "only ");
	else if (probe_json__flag(json_object_get(l->facts, "elf"), "stripped"))
		strbuf__addf(&sb, "not among the symbols that are left");
	else
		strbuf__addf(&sb, "no such function%s",
			     l->f->known ? "" : ", or inlined wherever it is called");
	put_nearest(l, &sb);
	line(l, "symbol", "no", &sb);
}

static void put_function(const struct lines *l)
{
	const json_t *symbols = json_object_get(l->facts, "symbols"), *s;
	struct strbuf sb = STRBUF_INIT;
	size_t n = json_array_size(symbols), i;

	if (!n)
		put_no_symbol(l);
	if (n > 1) {
		strbuf__addf(&sb, "%zu functions of this name: a hook by name is ambiguous", n);
		line(l, "symbols", "", &sb);
	}
	json_array_foreach (symbols, i, s)
		put_symbol(l, s);
	if (n && count(l->facts, "variants")) {
		put_names(&sb, json_object_get(l->facts, "variants"), "");
		strbuf__addf(&sb, ": parts or copies with addresses of their own, which a hook on "
				  "the name does not see");
		line(l, "variants", "yes", &sb);
	}
	probe_line__inlined(l->out, l->width, l->f);
}

/* --- a USDT probe ----------------------------------------------------------------------------- */

static bool counts(const json_t *location)
{
	return json_integer_value(json_object_get(json_object_get(location, "uprobe"), "counted")) >
	       0;
}

/* A program skips a probe while its semaphore is 0: a breakpoint alone is not enough. */
static bool can_hit(const json_t *location)
{
	const json_t *s = json_object_get(location, "semaphore");

	return armed(location, "uprobe") &&
	       (!json_is_object(s) || (probe_json__flag(s, "writable") && counts(location)));
}

#define SKIPPED ": nobody can count in it, and the program skips the probe while it is 0"

static void add_semaphore(struct strbuf *sb, const json_t *location)
{
	const json_t *s = json_object_get(location, "semaphore");

	if (!json_is_object(s))
		return;
	strbuf__addf(sb, "; semaphore at %s ", probe_json__text(s, "address"));
	if (!*probe_json__text(s, "offset"))
		strbuf__addf(sb, "has no place in the file" SKIPPED);
	else if (!probe_json__flag(s, "writable"))
		strbuf__addf(sb, "is not in a writable segment" SKIPPED);
	else
		strbuf__addf(sb, "(file offset %s)%s", probe_json__text(s, "offset"),
			     !armed(location, "uprobe") ? ""
			     : counts(location)		? ", counts"
							: ", does not count");
}

static void put_location(const struct lines *l, const json_t *o, size_t at)
{
	const char *offset = probe_json__text(o, "offset");
	struct strbuf sb = STRBUF_INIT;
	const json_t *argument;
	char *what = str_fmt("location %zu", at + 1);
	size_t i;

	strbuf__addf(&sb, "%s", probe_json__text(o, "address"));
	if (*offset)
		strbuf__addf(&sb, " (file offset %s), %s", offset,
			     probe_json__flag(o, "nop") ? "a nop" : "NOT a nop: the note is wrong");
	else
		strbuf__addf(&sb, ", not in an executable segment: no process would run it there");
	add_semaphore(&sb, o);
	if (*offset && !probe_json__hooked(o, "uprobe")) {
		strbuf__addf(&sb, "; ");
		add_refusal(&sb, json_object_get(o, "uprobe"));
	} else if (*offset && !armed(o, "uprobe")) {
		strbuf__addf(&sb, "; accepted, and yet a process that maps the file gets no "
				  "breakpoint");
	}
	line(l, what ? what : "location", can_hit(o) ? "yes" : "no", &sb);
	free(what);
	json_array_foreach (json_object_get(o, "arguments"), i, argument) {
		what = str_fmt("  argument %zu", i + 1);
		strbuf__addf(&sb, "%s", json_string_value(argument));
		line(l, what ? what : "", "", &sb);
		free(what);
	}
	if (*probe_json__text(o, "problem")) {
		strbuf__addf(&sb, "'%s': %s", probe_json__text(o, "args"),
			     probe_json__text(o, "problem"));
		line(l, "  arguments", "?", &sb);
	}
}

static void put_probe(const struct lines *l)
{
	const json_t *locations = json_object_get(l->facts, "locations"), *o;
	size_t n = json_array_size(locations), i;
	struct strbuf sb = STRBUF_INIT;

	if (n)
		strbuf__addf(&sb, "%zu location%s; a uprobe on each is a probe on all of it", n,
			     plural(n));
	else if (!json_integer_value(json_object_get(l->facts, "notes")))
		strbuf__addf(&sb, "the file has no USDT probes (no notes of type stapsdt)");
	else
		strbuf__addf(&sb, "no such probe");
	if (!n)
		put_nearest(l, &sb);
	line(l, "USDT probe", n ? "yes" : "no", &sb);
	json_array_foreach (locations, i, o)
		put_location(l, o, i);
}

static void add_row(struct table *t, const json_t *p)
{
	char *probe =
		str_fmt("  %s:%s", probe_json__text(p, "provider"), probe_json__text(p, "name"));
	char locations[24], arguments[24];
	const char *const cells[] = { probe, locations, arguments,
				      probe_json__flag(p, "semaphore") ? "yes" : "no" };

	snprintf(locations, sizeof(locations), "%lld",
		 (long long)json_integer_value(json_object_get(p, "locations")));
	snprintf(arguments, sizeof(arguments), "%lld",
		 (long long)json_integer_value(json_object_get(p, "arguments")));
	table__row(t, cells);
	free(probe);
}

static void put_list(const struct lines *l)
{
	static const struct column columns[] = { { "  USDT probe", ALIGN_LEFT, 0 },
						 { "locations", ALIGN_RIGHT, 0 },
						 { "arguments", ALIGN_RIGHT, 0 },
						 { "semaphore", ALIGN_LEFT, 0 } };
	struct table *t;
	const json_t *probes = json_object_get(l->facts, "probes"), *p;
	struct strbuf sb = STRBUF_INIT;
	size_t i;

	if (!json_array_size(probes)) {
		strbuf__addf(&sb, "the file has none (no notes of type stapsdt)");
		line(l, "USDT probes", "no", &sb);
		return;
	}
	t = table__new(columns, sizeof(columns) / sizeof(columns[0]));
	if (!t)
		return;
	json_array_foreach (probes, i, p)
		add_row(t, p);
	table__print(t, l->out, false);
	table__free(t);
}

/* --- all -------------------------------------------------------------------------------------- */

bool probe_file_report__any(const json_t *facts)
{
	const json_t *o;
	size_t i;

	json_array_foreach (json_object_get(facts, "symbols"), i, o)
		if (armed(o, "uprobe"))
			return true;
	json_array_foreach (json_object_get(facts, "locations"), i, o)
		if (can_hit(o))
			return true;
	return count(facts, "probes") > 0;
}

void probe_file_report__print(FILE *out, const json_t *facts, const char *file, const char *kernel,
			      const struct probe_functions *f, bool color)
{
	const struct lines l = { out, facts, f, report_text__width(out) };
	const char *problem = probe_json__text(facts, "problem");
	const char *provider = probe_json__text(facts, "provider");
	const char *name = probe_json__text(facts, *provider ? "probe" : "function");
	char *title = *name ? str_fmt("%s%s%s", provider, *provider ? ":" : "", name) : NULL;

	report_text__put(out, color ? INK_BOLD : NULL, title ? title : file);
	if (title)
		fprintf(out, " of %s", file);
	fprintf(out, " on %s\n", kernel);
	free(title);
	if (*problem) {
		struct strbuf sb = STRBUF_INIT;

		strbuf__addf(&sb, "%s", problem);
		line(&l, "file", "no", &sb);
		return;
	}
	put_file(&l);
	if (*provider)
		put_probe(&l);
	else if (*name)
		put_function(&l);
	else
		put_list(&l);
}
