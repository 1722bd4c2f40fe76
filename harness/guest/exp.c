// SPDX-License-Identifier: GPL-2.0-only
#include "guest/exp.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/version.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/num.h"
#include "guest/helpers.h"
#include "guest/kfacts.h"
#include "guest/load.h"
#include "guest/params.h"
#include "model/record.h"
#include "wire/event.h"

#define PROGRESS_INTERVAL_NS 100000000ull

static void stop_v(struct exp *e, enum status status, const char *fmt, va_list args)
{
	struct strbuf sb = STRBUF_INIT;

	if (e->status != STATUS_OK)
		return;
	strbuf__addv(&sb, fmt, args);
	e->status = status;
	e->reason = strbuf__detach(&sb);
}

void exp__stop(struct exp *e, enum status status, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	stop_v(e, status, fmt, args);
	va_end(args);
}

int exp__skip(struct exp *e, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	stop_v(e, STATUS_SKIPPED, fmt, args);
	va_end(args);
	return -ECANCELED;
}

int exp__fail(struct exp *e, int err, const char *fmt, ...)
{
	struct strbuf sb = STRBUF_INIT;
	va_list args;

	if (err > 0)
		err = -err;
	if (!err)
		err = -EINVAL;
	va_start(args, fmt);
	strbuf__addv(&sb, fmt, args);
	va_end(args);
	exp__stop(e, STATUS_HARNESS, "%s: %s", strbuf__str(&sb), strerror(-err));
	strbuf__free(&sb);
	return err;
}

/* Asking for a parameter that is not declared, or as another type, is the experiment's mistake; it
 * is told at its end, and the callback gets a harmless value until then. */
static void bad_param(struct exp *e, const char *name, int err)
{
	exp__stop(e, STATUS_HARNESS,
		  "mistake in the experiment: its code asks for parameter '%s', %s", name,
		  err == -ENOENT ? "which it does not declare" : "declared with another type");
}

uint64_t exp__param_u64(const struct exp *e, const char *name)
{
	uint64_t value = 0;
	int err = params__u64(e->params, name, &value);

	if (err)
		bad_param((struct exp *)e, name, err);
	return value;
}

bool exp__param_bool(const struct exp *e, const char *name)
{
	bool value = false;
	int err = params__bool(e->params, name, &value);

	if (err)
		bad_param((struct exp *)e, name, err);
	return value;
}

const char *exp__param_str(const struct exp *e, const char *name)
{
	const char *value = "";
	int err = params__str(e->params, name, &value);

	if (err)
		bad_param((struct exp *)e, name, err);
	return value;
}

bool exp__has(struct exp *e, enum need_kind kind, const char *name)
{
	return kfacts__has(e->kernel, kind, name, &e->features, NULL);
}

unsigned int exp__kernel_version(const struct exp *e)
{
	struct kver v = kfacts__version(e->kernel);

	/* Point releases above 255 count as 255, as in the kernel's own macro. */
	return KERNEL_VERSION(v.major, v.minor, v.patch > 255 ? 255 : v.patch);
}

uint64_t exp__now_ns(void)
{
	return clock_ns();
}

struct record *exp__measurement(struct exp *e, const char *name)
{
	struct record *r = record__new(RECORD_MEASUREMENT, e->def->name, name);

	/* Nobody judges a measurement but its own checks, which are looked at in exp__emit. */
	if (r)
		r->status = STATUS_OK;
	return r;
}

int exp__check(struct record *r, bool ok, const char *text, const char *found_fmt, ...)
{
	struct strbuf found = STRBUF_INIT;
	va_list args;
	int err;

	va_start(args, found_fmt);
	strbuf__addv(&found, found_fmt, args);
	va_end(args);
	err = found.failed ? -ENOMEM : record__check(r, ok, text, strbuf__str(&found));
	strbuf__free(&found);
	return err;
}

int exp__observed(struct record *r, int err, const char *message_fmt, ...)
{
	struct strbuf message = STRBUF_INIT;
	va_list args;

	if (!r)
		return -ENOMEM;
	va_start(args, message_fmt);
	strbuf__addv(&message, message_fmt, args);
	va_end(args);
	r->err = err < 0 ? -err : err;
	err = message.failed ? -ENOMEM : record__set(&r->message, strbuf__str(&message));
	strbuf__free(&message);
	return err;
}

static void judge_checks(struct record *r)
{
	size_t failed = 0;
	const struct check *first = NULL;

	for (size_t i = 0; i < r->nr_checks; i++) {
		if (r->checks[i].ok)
			continue;
		if (!failed++)
			first = &r->checks[i];
	}
	if (!failed)
		return;
	if (failed == 1)
		record__fail(r, STATUS_UNEXPECTED, "%s: found %s", first->text, first->found);
	else
		record__fail(r, STATUS_UNEXPECTED, "%zu checks failed, the first: %s: found %s",
			     failed, first->text, first->found);
}

/* Nothing shorter than "0.0," stands for a number: what can't fit is refused before the work of
 * writing it out, which for millions of samples takes long and all of a guest's memory. */
static bool too_large(const struct record *r)
{
	size_t samples = 0;

	for (size_t i = 0; i < r->nr_series; i++)
		samples += r->series[i].n;
	return samples > WIRE_LINE_MAX / 4;
}

int exp__emit(struct exp *e, struct record *r)
{
	int err;

	if (!r)
		return -ENOMEM;
	judge_checks(r);
	err = too_large(r) ? -EMSGSIZE : sink__record(&e->sink, r);
	if (err == -EMSGSIZE)
		exp__stop(e, STATUS_HARNESS,
			  "measurement %s: an event holds at most %u bytes; give fewer samples, or "
			  "several series",
			  r->name, WIRE_LINE_MAX);
	else if (!err)
		e->nr_measurements++;
	record__free(r);
	return err;
}

void exp__progress(struct exp *e, uint64_t done, uint64_t total, const char *what)
{
	uint64_t now = exp__now_ns();

	/* The first and the last always go out; a total of 0 is unknown. */
	if (done && done != total && now - e->last_progress_ns < PROGRESS_INTERVAL_NS)
		return;
	e->last_progress_ns = now;
	sink__progress(&e->sink, e->def->name, done, total, what);
}

int exp__text(struct exp *e, const char *name, const char *kind, const char *data, size_t len)
{
	return sink__text(&e->sink, e->def->name, name, kind, data, len);
}

/* Replaces placeholders of helpers: *copy is NULL when there are none (caller frees). */
static int patch(struct exp *e, const struct bpf_insn *insns, size_t n, struct bpf_insn **copy)
{
	*copy = NULL;
	if (!helpers__used(insns, n))
		return 0;
	*copy = malloc(n * sizeof(*insns));
	if (!*copy)
		return -ENOMEM;
	memcpy(*copy, insns, n * sizeof(*insns));
	helpers__patch(*copy, n, kfacts__btf(e->kernel));
	return 0;
}

int exp__try_load(struct exp *e, const char *name, unsigned int prog_type,
		  const struct bpf_insn *insns, size_t nr_insns, char *log, size_t log_len,
		  unsigned int log_level)
{
	struct load_spec spec = {
		.type = prog_type, .name = name, .license = "GPL", .nr_insns = nr_insns
	};
	struct bpf_insn *copy;
	int err = patch(e, insns, nr_insns, &copy);

	if (err)
		return err;
	spec.insns = copy ? copy : insns;
	err = load__try(&spec, log, log_len, log_level);
	free(copy);
	return err;
}

int exp__load_record(struct exp *e, const char *name, unsigned int prog_type,
		     const struct bpf_insn *insns, size_t nr_insns, const char *const *tags)
{
	struct load_spec spec = {
		.type = prog_type, .name = name, .license = "GPL", .nr_insns = nr_insns
	};
	struct program_info info = { .name = name, .section = "", .type = prog_type };
	struct load_result r;
	struct bpf_insn *copy;
	int err = patch(e, insns, nr_insns, &copy);

	load_result__init(&r);
	for (; !err && tags && *tags; tags++)
		err = strv__add(&info.tags, *tags);
	if (err)
		goto out;
	spec.insns = copy ? copy : insns;
	exp__progress(e, 0, 0, name);
	err = load__measure(&spec, e->loads, &r);
	if (!err)
		err = program__report(e, &info, &r, NULL);
	if (!err)
		e->nr_measurements++;
out:
	load_result__release(&r);
	strv__free(&info.tags);
	free(copy);
	return err;
}

char *exp__kprobe_flags(const char *symbol)
{
	static const char *const known[] = { "OPTIMIZED", "FTRACE", "DISABLED", "GONE" };
	struct strbuf flags = STRBUF_INIT;
	char *text = NULL, *line, *save = NULL, *found = NULL;

	if (file_read("/sys/kernel/debug/kprobes/list", 0, &text, NULL))
		return NULL;
	/* "ffffffff81234560  k  copyout+0x0    [OPTIMIZED]" */
	for (line = strtok_r(text, "\n", &save); line && !found;
	     line = strtok_r(NULL, "\n", &save)) {
		char name[256], kind[8];

		if (sscanf(line, "%*s %7s %255[^+ ]", kind, name) != 2 || strcmp(name, symbol) != 0)
			continue;
		for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
			char word[32];

			snprintf(word, sizeof(word), "[%s]", known[i]);
			if (strstr(line, word))
				strbuf__addf(&flags, "%s%s", flags.len ? " " : "", known[i]);
		}
		found = strdup(strbuf__str(&flags));
	}
	strbuf__free(&flags);
	free(text);
	return found;
}

int exp__read_u64(const char *path, uint64_t *out)
{
	char *text = NULL;
	int err = file_read(path, 4096, &text, NULL);

	if (err)
		return err;
	text[strcspn(text, "\n")] = '\0';
	err = num_u64(text, 0, UINT64_MAX, out);
	free(text);
	return err;
}

int exp__write_str(const char *path, const char *value)
{
	return file_poke(path, value);
}
