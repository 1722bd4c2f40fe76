// SPDX-License-Identifier: GPL-2.0-only
#include "cli/verify_plan.h"

#include <ctype.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/utf8.h"
#include "model/progfilter.h"

#define GUEST_FILES "/files/" /* vm/guestfs.h */
#define MAX_CHOICES 1000

/* --- global variables ---------------------------------------------------------------------- */

static bool is_variable(const char *name, size_t len)
{
	if (!len || (!isalpha((unsigned char)*name) && *name != '_'))
		return false;
	for (size_t i = 0; i < len; i++)
		if (!isalnum((unsigned char)name[i]) && !strchr("_.[]", name[i]))
			return false;
	return true;
}

/* Adds "NAME=V1,V2" to {NAME: [V1, V2]}. */
static int add_values(json_t *axes, const char *arg)
{
	const char *eq = strchr(arg, '='), *from = arg, *to;
	struct strv values = { 0 };
	json_t *list = NULL;
	char *name = NULL;
	int err = -EINVAL;

	from += strspn(from, " ");
	for (to = eq; eq && to > from && to[-1] == ' ';)
		to--;
	if (!eq || !is_variable(from, (size_t)(to - from)))
		goto out;
	name = strndup(from, (size_t)(to - from));
	err = name ? strv__split(&values, eq + 1, ",") : -ENOMEM;
	if (!err && (!values.n || !utf8_is_text(eq + 1)))
		err = -EINVAL;
	if (err)
		goto out;
	list = json_object_get(axes, name);
	if (!list) {
		list = json_array();
		json_object_set_new(axes, name, list);
	}
	for (size_t i = 0; !err && i < values.n; i++)
		err = json_array_append_new(list, json_string(values.v[i])) ? -ENOMEM : 0;
out:
	if (err == -EINVAL)
		log_err("--set-global %s: expected NAME=VALUE, or several values with commas", arg);
	strv__free(&values);
	free(name);
	return err;
}

/* Each choice so far, with each value of one more variable. */
static json_t *multiply(json_t *choices, const char *name, const json_t *values)
{
	json_t *out = json_array(), *choice, *value;
	size_t i, k;

	json_array_foreach (choices, i, choice) {
		json_array_foreach (values, k, value) {
			json_t *more = json_is_null(choice) ? json_object() : json_copy(choice);

			json_object_set(more, name, value);
			json_array_append_new(out, more);
		}
	}
	json_decref(choices);
	return out;
}

int verify_plan__choices(const struct strv *globals, json_t **out)
{
	json_t *axes = json_object(), *choices = json_pack("[n]"), *values;
	const char *name;
	int err = 0;

	for (size_t i = 0; !err && i < globals->n; i++)
		err = add_values(axes, globals->v[i]);
	json_object_foreach (axes, name, values) {
		if (!err && json_array_size(choices) * json_array_size(values) > MAX_CHOICES) {
			log_err("--set-global: more than %d combinations of values", MAX_CHOICES);
			err = -EINVAL;
		}
		if (!err)
			choices = multiply(choices, name, values);
	}
	json_decref(axes);
	if (!err && !choices)
		err = -ENOMEM;
	if (err)
		json_decref(choices);
	else
		*out = choices;
	return err;
}

/* --- files --------------------------------------------------------------------------------- */

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* Why the file is no BPF object, or NULL. What else is wrong with it is for libbpf to say. */
static const char *not_an_object(const char *path, uint64_t *size)
{
	Elf64_Ehdr head = { 0 };
	const char *why = NULL;
	struct stat st;
	ssize_t n;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0)
		return strerror(errno);
	if (fstat(fd, &st) || !S_ISREG(st.st_mode)) {
		close(fd);
		return "it is no file";
	}
	n = pread(fd, &head, sizeof(head), 0);
	*size = (uint64_t)st.st_size;
	close(fd);
	if (n < (ssize_t)sizeof(head) || memcmp(head.e_ident, ELFMAG, SELFMAG) != 0)
		why = "it is no ELF file, so no BPF object";
	else if (head.e_ident[EI_CLASS] != ELFCLASS64 || head.e_ident[EI_DATA] != ELFDATA2LSB)
		why = "it is not of 64 bits and little-endian, as the guests are";
	else if (head.e_type != ET_REL || (head.e_machine && head.e_machine != EM_BPF))
		why = "it is an ELF file, but no BPF object";
	return why;
}

static int add_file(struct verify_plan *p, const char *path)
{
	const char *name = base_name(path), *why;
	uint64_t size = 0, *sizes;

	why = not_an_object(path, &size);
	if (!why && !utf8_is_text(name))
		why = "its name can't stand in the results (it has control characters, or bytes "
		      "that are not UTF-8): copy it to another";
	if (why) {
		log_err("%s: %s", *path ? path : "''", why);
		return -EINVAL;
	}
	if (!str_ends(name, ".o")) {
		log_err("%s: its records could not be told from an experiment's: copy it to a file "
			"whose name ends in .o",
			path);
		return -EINVAL;
	}
	for (size_t i = 0; i < p->files.n; i++) {
		if (strcmp(base_name(p->files.v[i]), name) != 0)
			continue;
		log_err("%s and %s have the same name, so their records could not be told apart: "
			"verify them one after the other, or copy one to another name",
			p->files.v[i], path);
		return -EINVAL;
	}
	sizes = reallocarray(p->sizes, p->files.n + 1, sizeof(*sizes));
	if (!sizes)
		return -ENOMEM;
	p->sizes = sizes;
	sizes[p->files.n] = size;
	return strv__add(&p->files, path);
}

static int check_patterns(const struct strv *patterns)
{
	for (size_t i = 0; i < patterns->n; i++) {
		if (progfilter__is_valid(patterns->v[i]) && utf8_is_text(patterns->v[i]))
			continue;
		log_err("-f %s: expected FILE/PROGRAM, or one of them, with * for any rest",
			patterns->v[i]);
		return -EINVAL;
	}
	return 0;
}

static int add_files(struct verify_plan *p, const struct verify_request *rq)
{
	int err = check_patterns(rq->patterns);

	for (size_t i = 0; !err && i < rq->files->n; i++) {
		const char *path = rq->files->v[i];

		if (progfilter__wants_file((const char *const *)rq->patterns->v, rq->patterns->n,
					   base_name(path)))
			err = add_file(p, path);
	}
	if (!err && !p->files.n) {
		log_err(rq->files->n ? "-f leaves out all objects"
				     : "verify takes at least one BPF object, such as prog.bpf.o");
		err = -EINVAL;
	}
	return err;
}

/* --- items --------------------------------------------------------------------------------- */

static int add_items(struct verify_plan *p, const struct verify_request *rq)
{
	size_t per_file = json_array_size(p->choices);
	int err = 0;

	p->all.items = calloc(p->files.n * per_file, sizeof(*p->all.items));
	if (!p->all.items)
		return -ENOMEM;
	for (size_t i = 0; !err && i < p->files.n; i++) {
		char *path = str_fmt(GUEST_FILES "%s", base_name(p->files.v[i]));

		err = path ? strv__add(&p->paths, path) : -ENOMEM;
		free(path);
	}
	for (size_t i = 0; !err && i < p->files.n * per_file; i++) {
		const char *file = p->files.v[i / per_file];
		json_t *choice = json_array_get(p->choices, i % per_file);

		p->all.items[p->all.nr_items++] = (struct plan_item){
			.experiment = base_name(file),
			.timeout_s = rq->timeout_s,
			.params = json_object(),
			.object = p->paths.v[i / per_file],
			.globals = json_is_null(choice) ? NULL : choice,
			.programs = json_array_size(p->programs) ? p->programs : NULL,
		};
		err = p->all.items[i].params ? 0 : -ENOMEM;
	}
	return err;
}

int verify_plan__make(const struct verify_request *rq, struct verify_plan *out)
{
	int err;

	*out = (struct verify_plan){ .batch_max = rq->batch_max, .programs = json_array() };
	err = out->programs ? add_files(out, rq) : -ENOMEM;
	for (size_t i = 0; !err && i < rq->patterns->n; i++)
		err = json_array_append_new(out->programs, json_string(rq->patterns->v[i]))
			      ? -EINVAL
			      : 0;
	if (!err)
		err = verify_plan__choices(rq->globals, &out->choices);
	if (!err)
		err = add_items(out, rq);
	if (err)
		verify_plan__release(out);
	return err;
}

void verify_plan__release(struct verify_plan *p)
{
	plan__release(&p->all);
	strv__free(&p->files);
	strv__free(&p->paths);
	free(p->sizes);
	json_decref(p->choices);
	json_decref(p->programs);
	*p = (struct verify_plan){ 0 };
}

int verify_plan__next(struct verify_plan *p, struct plan *plan, struct strv *files)
{
	size_t per_file = json_array_size(p->choices), first = p->next_file;
	uint64_t bytes = 0;
	int err = 0;

	strv__free(files);
	*files = (struct strv){ 0 };
	while (!err && p->next_file < p->files.n) {
		bytes += p->sizes[p->next_file];
		if (files->n && bytes > p->batch_max)
			break;
		err = strv__add(files, p->files.v[p->next_file++]);
	}
	plan->items = p->all.items + first * per_file;
	plan->nr_items = files->n * per_file;
	return err ? err : files->n > 0;
}
