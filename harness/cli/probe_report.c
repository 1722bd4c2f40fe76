// SPDX-License-Identifier: GPL-2.0-only
#include "cli/probe_report.h"

#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "cli/probe_line.h"
#include "cli/report_text.h"
#include "model/kver.h"

struct lines {
	FILE *out;
	const json_t *facts;
	struct kver version;
	const struct probe_functions *f;
	bool color;
	size_t width;
};

static void line(const struct lines *l, const char *what, const char *answer, const char *note)
{
	probe_line__put(l->out, l->width, what, answer, note);
}

/* --- what it is --------------------------------------------------------------------------------
 */

static void put_symbol(const struct lines *l)
{
	const json_t *symbols = json_object_get(l->facts, "symbols"), *s, *v;
	const json_t *variants = json_object_get(l->facts, "variants");
	struct strbuf sb = STRBUF_INIT;
	size_t n = json_array_size(symbols), i;

	json_array_foreach (symbols, i, s) {
		const char *type = probe_json__text(s, "type"),
			   *module = probe_json__text(s, "module");

		strbuf__addf(&sb, "%s%s", i ? "; " : "",
			     *type >= 'a' && *type <= 'z' ? "static" : "global");
		if (*module)
			strbuf__addf(&sb, ", in module %s", module);
	}
	if (n > 1)
		strbuf__addf(&sb, " (%zu functions of this name: a hook by name is ambiguous)", n);
	json_array_foreach (variants, i, v)
		strbuf__addf(&sb, "%s%s",
			     i	      ? " "
			     : sb.len ? "; also "
				      : "only ",
			     json_string_value(v));
	if (!n && !json_array_size(variants))
		strbuf__addf(&sb, "%s",
			     !l->f->known
				     ? "not in kallsyms: no such function, or inlined wherever "
				       "it is called"
			     : l->f->n ? "not in kallsyms: inlined wherever it is called"
				       : "no such function");
	line(l, "symbol", n ? "yes" : "no", strbuf__str(&sb));
	strbuf__free(&sb);
}

static void put_lists(const struct lines *l)
{
	bool there = json_array_size(json_object_get(l->facts, "symbols")) > 0;
	bool ftrace = probe_json__flag(l->facts, "ftrace"), btf = probe_json__flag(l->facts, "btf");
	const char *inject = probe_json__text(l->facts, "inject");

	line(l, "ftrace entry", ftrace ? "yes" : "no",
	     ftrace || !there ? "" : "its file is built without, as all of lib/, or it is notrace");
	line(l, "BTF", btf ? "yes" : "no",
	     btf || !there			    ? ""
	     : probe_json__flag(l->facts, "no_btf") ? "the kernel has none (CONFIG_DEBUG_INFO_BTF)"
						    : "not among its functions");
	line(l, "error injection", *inject ? "yes" : "no",
	     /* 5.10 has no word for EI_ETYPE_TRUE. */
	     !strcmp(inject, "(unknown)") ? "TRUE"
	     : *inject			  ? inject
	     : there ? "not on the list: ALLOW_ERROR_INJECTION in the kernel's source puts it there"
		     : "");
}

/* --- what hangs on it --------------------------------------------------------------------------
 */

static const char *why_no_kprobe(const struct lines *l, const char *err)
{
	if (probe_json__flag(l->facts, "blacklisted"))
		return "on the kprobes blacklist";
	if (!strcmp(err, "ENOENT"))
		return "no such symbol";
	if (!strcmp(err, "EADDRNOTAVAIL"))
		return "more than one symbol of this name";
	if (!strcmp(err, "EINVAL") && !probe_json__flag(l->facts, "ftrace"))
		return "notrace: kprobe events on it need CONFIG_KPROBE_EVENTS_ON_NOTRACE";
	return "";
}

static void put_kprobe(const struct lines *l)
{
	const json_t *h = json_object_get(l->facts, "kprobe");
	const char *err = probe_json__text(h, "errno"), *kind = probe_json__text(h, "kind");
	char *note;

	if (*err)
		note = str_fmt("%s: %s", err, why_no_kprobe(l, err));
	else if (!strcmp(kind, "ftrace"))
		note = strdup("on the ftrace entry; never optimised");
	else if (!strcmp(kind, "jump"))
		note = strdup("int3, which the optimiser turns into a jump soon after");
	else
		note = strdup("int3, and not optimised");
	line(l, "kprobe", *err ? "no" : "yes", note ? note : "");
	free(note);
}

static void put_multi(const struct lines *l)
{
	const json_t *h = json_object_get(l->facts, "kprobe_multi");
	const char *err = probe_json__text(h, "errno");
	bool has = kver__cmp(l->version, (struct kver){ 5, 18, 0 }) >= 0;
	char *note = NULL;

	if (!has)
		note = strdup("came with 5.18");
	else if (*err)
		note = str_fmt("%s%s", err,
			       probe_json__flag(l->facts, "ftrace") ? ""
								    : ": it needs an ftrace entry");
	line(l, "kprobe.multi", *err ? "no" : "yes", note ? note : "");
	free(note);
}

static void put_trampoline(const struct lines *l, const char *key, const char *title)
{
	const json_t *h = json_object_get(l->facts, key);
	const char *err = probe_json__text(h, "errno"), *message = probe_json__text(h, "message"),
		   *why = "";
	char *note;

	if (!h) {
		line(l, title, "?", "not tried on a module's function");
		return;
	}
	if (!*err) {
		line(l, title, "yes", "");
		return;
	}
	if (*message)
		why = message;
	else if (!probe_json__flag(l->facts, "btf"))
		why = "the function is not in the kernel's BTF";
	else if (!strcmp(err, "EBUSY"))
		why = "it loads, and can't be attached: no ftrace entry";
	note = str_fmt("%s%s%s", err, *why ? ": " : "", why);
	line(l, title, "no", note ? note : "");
	free(note);
}

/* bpf_override_return holds where the kprobe may change the instruction pointer: on int3 and
 * ftrace, not once the kprobe is a jump. What becomes of the kprobe was tried with a program that
 * may override: a kernel can keep such a one from being optimised. */
static void put_override(const struct lines *l)
{
	const json_t *tried = json_object_get(l->facts, "override");
	const char *plain = probe_json__text(json_object_get(l->facts, "kprobe"), "kind");
	const char *err = probe_json__text(tried, "errno"), *kind = probe_json__text(tried, "kind");
	const char *why = probe_json__text(tried, "message");
	char *note = NULL;

	if (!tried)
		line(l, "override", "no",
		     "not on the error-injection list: attaching gives EINVAL");
	else if (!probe_json__hooked(l->facts, "kprobe"))
		line(l, "override", "no", "no kprobe");
	else if (*err)
		note = *why ? str_fmt("%s: %s", err, why) : strdup(err);
	else if (!strcmp(kind, "jump"))
		line(l, "override", "LOST",
		     "it holds until the kprobe is optimised, some 0.1 s, then is ignored and "
		     "nothing says so. `sysctl debug.kprobes-optimization=0` keeps it; so does a "
		     "function with an ftrace entry, where fmod_ret attaches as well");
	else if (!strcmp(plain, "jump"))
		line(l, "override", "yes",
		     "by kprobe: this kernel does not optimise one whose program overrides");
	else
		line(l, "override", "yes", "by kprobe");
	if (note)
		line(l, "override", "no", note);
	free(note);
}

bool probe_report__any(const json_t *facts)
{
	return probe_json__hooked(facts, "kprobe") || probe_json__hooked(facts, "fentry") ||
	       probe_json__hooked(facts, "kprobe_multi");
}

void probe_report__print(FILE *out, const json_t *facts, const char *kernel, struct kver version,
			 const struct probe_functions *f, bool color)
{
	const struct lines l = { out, facts, version, f, color, report_text__width(out) };

	report_text__put(out, color ? INK_BOLD : NULL, probe_json__text(facts, "function"));
	fprintf(out, " on %s\n", kernel);
	put_symbol(&l);
	probe_line__inlined(out, l.width, f);
	put_lists(&l);
	put_kprobe(&l);
	put_multi(&l);
	put_trampoline(&l, "fentry", "fentry, fexit");
	put_trampoline(&l, "fmod_ret", "fmod_ret");
	put_override(&l);
}
