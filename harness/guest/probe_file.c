// SPDX-License-Identifier: GPL-2.0-only
/* What can hang on a function or a USDT probe of a program: what its file says, and what the kernel
 * says to a uprobe there. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "base/str.h"
#include "guest/elf_file.h"
#include "guest/elfsym.h"
#include "guest/experiment.h"
#include "guest/probe.h"
#include "guest/usdt.h"
#include "model/probe_target.h"

#define ALIASES_MAX 8

struct looking {
	const struct probe_target *target;
	char *path; /* here */
	struct elf_file elf;
	struct elf_symbols symbols;
	json_t *into;
};

/* --- the file --------------------------------------------------------------------------------- */

static bool has_segment(const struct elf_file *f, uint32_t type)
{
	GElf_Phdr hdr;
	size_t n;

	if (elf_getphdrnum(f->elf, &n))
		return false;
	for (size_t i = 0; i < n; i++)
		if (gelf_getphdr(f->elf, (int)i, &hdr) && hdr.p_type == type)
			return true;
	return false;
}

static void add_elf(const struct looking *l)
{
	GElf_Shdr hdr;

	json_object_set_new(l->into, "elf",
			    json_pack("{sb sb sb sb}", "fixed", l->elf.header.e_type == ET_EXEC,
				      "dynamic", has_segment(&l->elf, PT_DYNAMIC), "stripped",
				      !l->symbols.has_symtab, "dwarf",
				      elf_file__section(&l->elf, ".debug_info", &hdr) != NULL));
}

static void add_problem(const struct looking *l, const char *text)
{
	json_object_set_new(l->into, "problem", json_string(text));
}

static bool open_file(struct looking *l)
{
	int err = elf_file__open(&l->elf, l->path);

	if (err == -EINVAL)
		add_problem(l, "no ELF file of x86-64");
	else if (err)
		add_problem(l, strerror(-err));
	else if (l->elf.header.e_type != ET_EXEC && l->elf.header.e_type != ET_DYN)
		add_problem(l, "neither a program nor a shared library: no process maps it");
	else if (elf_symbols__read(&l->elf, &l->symbols))
		add_problem(l, "its symbols can't be read");
	else
		return true;
	return false;
}

/* --- functions -------------------------------------------------------------------------------- */

static json_t *hex(uint64_t n)
{
	char text[24];

	snprintf(text, sizeof(text), "0x%llx", (unsigned long long)n);
	return json_string(text);
}

/* Other names of the same code: a hook on one is a hook on all. */
static json_t *aliases(const struct elf_symbols *all, const struct elf_symbol *of)
{
	json_t *names = json_array();

	for (size_t i = 0; i < all->n && json_array_size(names) < ALIASES_MAX; i++) {
		const struct elf_symbol *s = &all->v[i];

		if (!s->is_undefined && s->address == of->address && strcmp(s->name, of->name) != 0)
			json_array_append_new(names, json_string(s->name));
	}
	return names;
}

static json_t *describe(const struct looking *l, const struct elf_symbol *s)
{
	json_t *o =
		json_pack("{ss ss ss ss sI sb sb so so}", "name", s->name, "table", s->table,
			  "binding", s->binding, "section", s->section, "size", (json_int_t)s->size,
			  "ifunc", s->is_ifunc, "executable", s->is_executable, "address",
			  hex(s->address), "aliases", aliases(&l->symbols, s));

	if (o && s->in_file)
		json_object_set_new(o, "offset", hex(s->offset));
	return o;
}

static void add_function(const struct looking *l, const struct elf_symbol *s)
{
	const struct uprobe_place place = { l->path, s->offset, 0 };
	json_t *o = describe(l, s);

	if (s->in_file && s->is_executable) {
		probe__try_uprobe(o, "uprobe", &place, false);
		probe__try_uprobe(o, "uretprobe", &place, true);
	}
	json_array_append_new(json_object_get(l->into, "symbols"), o);
}

static void add_nearest(const struct looking *l, const char *name, const char *const *names,
			size_t n)
{
	const char *nearest = str_nearest(name, names, n);

	if (nearest)
		json_object_set_new(l->into, "nearest", json_string(nearest));
}

static void look_for_function(const struct looking *l)
{
	const char *name = l->target->name;
	const char **names = calloc(l->symbols.n + 1, sizeof(*names));
	json_t *symbols = json_array(), *variants = json_array();
	size_t len = strlen(name), n = 0;

	json_object_set_new(l->into, "symbols", symbols);
	json_object_set_new(l->into, "variants", variants);
	for (size_t i = 0; i < l->symbols.n; i++) {
		const struct elf_symbol *s = &l->symbols.v[i];
		bool begins = !strncmp(s->name, name, len);

		if (begins && !s->name[len] && s->is_undefined)
			json_object_set_new(l->into, "imported", json_true());
		else if (begins && !s->name[len])
			add_function(l, s);
		else if (begins && s->name[len] == '.')
			json_array_append_new(variants, json_string(s->name));
		else if (names && !s->is_undefined)
			names[n++] = s->name;
	}
	if (names && !json_array_size(symbols))
		add_nearest(l, name, names, n);
	free(names);
}

/* --- USDT probes ------------------------------------------------------------------------------ */

static json_t *arguments(const struct usdt_note *n)
{
	json_t *all = json_array();
	char text[128];

	for (size_t i = 0; i < n->nr_args; i++)
		json_array_append_new(
			all, json_string(usdt_arg__describe(&n->arg[i], text, sizeof(text))));
	return all;
}

static void add_location(const struct looking *l, const struct usdt_note *n)
{
	const struct uprobe_place place = { l->path, n->offset, n->semaphore_offset };
	json_t *o = json_pack("{so sb ss so}", "address", hex(n->location), "nop", n->is_nop,
			      "args", n->args, "arguments", arguments(n));

	if (*n->problem)
		json_object_set_new(o, "problem", json_string(n->problem));
	if (n->semaphore)
		json_object_set_new(
			o, "semaphore",
			json_pack("{so sb}", "address", hex(n->semaphore), "writable", n->in_data));
	if (n->semaphore_offset)
		json_object_set_new(json_object_get(o, "semaphore"), "offset",
				    hex(n->semaphore_offset));
	if (n->offset) {
		json_object_set_new(o, "offset", hex(n->offset));
		probe__try_uprobe(o, "uprobe", &place, false);
	}
	json_array_append_new(json_object_get(l->into, "locations"), o);
}

static bool is_called(const struct usdt_note *n, const char *provider, const char *name)
{
	return !strcmp(n->provider, provider) && !strcmp(n->name, name);
}

static void add_nearest_probe(const struct looking *l, const struct usdt_notes *notes)
{
	char *wanted = str_fmt("%s:%s", l->target->provider, l->target->name);
	struct strv names = { 0 };

	for (size_t i = 0; i < notes->n; i++) {
		char *name = str_fmt("%s:%s", notes->v[i].provider, notes->v[i].name);

		if (name)
			strv__add(&names, name);
		free(name);
	}
	if (wanted && names.n)
		add_nearest(l, wanted, (const char *const *)names.v, names.n);
	strv__free(&names);
	free(wanted);
}

static void look_for_probe(const struct looking *l, const struct usdt_notes *notes)
{
	json_t *locations = json_array();

	json_object_set_new(l->into, "locations", locations);
	for (size_t i = 0; i < notes->n; i++)
		if (is_called(&notes->v[i], l->target->provider, l->target->name))
			add_location(l, &notes->v[i]);
	if (!json_array_size(locations))
		add_nearest_probe(l, notes);
}

static void list_probes(const struct looking *l, const struct usdt_notes *notes)
{
	json_t *probes = json_array();

	json_object_set_new(l->into, "probes", probes);
	for (size_t i = 0; i < notes->n; i++) {
		const struct usdt_note *n = &notes->v[i];
		size_t earlier = 0, same = 0;

		for (size_t j = 0; j < notes->n; j++)
			if (is_called(&notes->v[j], n->provider, n->name)) {
				earlier += j < i;
				same++;
			}
		if (!earlier)
			json_array_append_new(probes, json_pack("{ss ss sI sI sb}", "provider",
								n->provider, "name", n->name,
								"locations", (json_int_t)same,
								"arguments", (json_int_t)n->nr_args,
								"semaphore", n->semaphore != 0));
	}
}

static void look_at_notes(const struct looking *l)
{
	struct usdt_notes notes;
	int err = usdt_notes__read_elf(&l->elf, &notes);

	if (err && err != -ENOENT) {
		add_problem(l, "its USDT notes are damaged");
		return;
	}
	json_object_set_new(l->into, "notes", json_integer((json_int_t)notes.n));
	if (l->target->kind == PROBE_USDT)
		look_for_probe(l, &notes);
	else
		list_probes(l, &notes);
	usdt_notes__release(&notes);
}

/* --- all -------------------------------------------------------------------------------------- */

static const char *key_of(enum probe_kind kind)
{
	return kind == PROBE_SYMBOL ? "function" : "probe";
}

json_t *probe__file(const struct probe_target *t)
{
	struct looking l = { .target = t, .elf = { .fd = -1 }, .into = json_object() };
	struct utsname uts = { 0 };

	l.path = str_fmt("%s%s", strchr(t->file, '/') ? "" : EXP_PROGRAM_DIR, t->file);
	if (!l.into || !l.path)
		goto out;
	uname(&uts);
	json_object_set_new(l.into, "file", json_string(l.path));
	json_object_set_new(l.into, "release", json_string(uts.release));
	if (t->provider)
		json_object_set_new(l.into, "provider", json_string(t->provider));
	if (t->name)
		json_object_set_new(l.into, key_of(t->kind), json_string(t->name));
	if (open_file(&l)) {
		add_elf(&l);
		if (t->kind == PROBE_SYMBOL)
			look_for_function(&l);
		else
			look_at_notes(&l);
	}
out:
	elf_symbols__release(&l.symbols);
	elf_file__close(&l.elf);
	free(l.path);
	return l.into;
}
