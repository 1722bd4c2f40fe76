// SPDX-License-Identifier: GPL-2.0-only
#include "guest/probe.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "base/file.h"
#include "base/log.h"
#include "base/str.h"
#include "guest/experiment.h"
#include "model/probe_target.h"

#define TRACEFS	     "/sys/kernel/tracing/"
#define DEBUGFS	     "/sys/kernel/debug/"
#define NAME_MAX_LEN 128

/* Calls fn with each line of a file until it returns false. Kernel lists are read whole. */
static void each_line(const char *path, bool (*fn)(void *ctx, char *line), void *ctx)
{
	char *text = NULL, *line, *next;

	if (file_read(path, 0, &text, NULL))
		return;
	for (line = text; line && *line; line = next) {
		next = strchr(line, '\n');
		if (next)
			*next++ = '\0';
		if (!fn(ctx, line))
			break;
	}
	free(text);
}

/* --- kallsyms -------------------------------------------------------------------------------- */

struct symbols {
	const char *function;
	json_t *same, *variants;
};

/* "ffffffff81000000 T name\t[module]" */
static bool on_symbol(void *ctx, char *line)
{
	struct symbols *s = ctx;
	char name[NAME_MAX_LEN + 1], module[65] = "", type;
	size_t len = strlen(s->function);

	if (sscanf(line, "%*x %c %128s [%64[^]]", &type, name, module) < 2)
		return true;
	if (strncmp(name, s->function, len) != 0 || (name[len] && name[len] != '.'))
		return true;
	if (name[len]) {
		json_array_append_new(s->variants, json_string(name));
	} else {
		char letter[2] = { type, '\0' };

		json_array_append_new(s->same,
				      json_pack("{ss ss ss*}", "name", name, "type", letter,
						"module", *module ? module : NULL));
	}
	return true;
}

/* --- lists ----------------------------------------------------------------------------------- */

struct search {
	const char *function;
	bool found;
	char value[64];
};

/* "name" or "name [module]" */
static bool on_ftrace(void *ctx, char *line)
{
	struct search *s = ctx;

	line[strcspn(line, " \t")] = '\0';
	s->found = strcmp(line, s->function) == 0;
	return !s->found;
}

/* "name\tERRNO" */
static bool on_inject(void *ctx, char *line)
{
	struct search *s = ctx;
	char name[NAME_MAX_LEN + 1];

	s->found =
		sscanf(line, "%128s %63s", name, s->value) >= 1 && strcmp(name, s->function) == 0;
	return !s->found;
}

/* "0xffffffff81000000-0xffffffff81000010\tname" */
static bool on_blacklist(void *ctx, char *line)
{
	struct search *s = ctx;
	char name[NAME_MAX_LEN + 1];

	s->found = sscanf(line, "%*s %128s", name) == 1 && strcmp(name, s->function) == 0;
	return !s->found;
}

static bool listed(const char *path, bool (*fn)(void *ctx, char *line), struct search *s)
{
	s->found = false;
	each_line(path, fn, s);
	return s->found;
}

static void add_btf(json_t *o, const char *function, const char *module)
{
	struct btf *vmlinux = btf__load_vmlinux_btf(), *btf = vmlinux;
	bool found;

	if (module)
		btf = vmlinux ? btf__load_module_btf(module, vmlinux) : NULL;
	found = btf && btf__find_by_name_kind(btf, function, BTF_KIND_FUNC) > 0;
	json_object_set_new(o, "btf", json_boolean(found));
	if (!vmlinux)
		json_object_set_new(o, "no_btf", json_true());
	if (module)
		btf__free(btf);
	btf__free(vmlinux);
}

json_t *probe__function(const char *function)
{
	json_t *o = json_object();
	struct symbols symbols = { function, json_array(), json_array() };
	struct search s = { .function = function };
	struct utsname uts = { 0 };
	const char *module;
	uint64_t on;

	if (!o || !symbols.same || !symbols.variants)
		return NULL;
	uname(&uts);
	each_line("/proc/kallsyms", on_symbol, &symbols);
	json_object_set_new(o, "function", json_string(function));
	json_object_set_new(o, "release", json_string(uts.release));
	json_object_set_new(o, "symbols", symbols.same);
	json_object_set_new(o, "variants", symbols.variants);
	json_object_set_new(
		o, "ftrace",
		json_boolean(listed(TRACEFS "available_filter_functions", on_ftrace, &s)));
	if (listed(DEBUGFS "error_injection/list", on_inject, &s))
		json_object_set_new(o, "inject", json_string(s.value));
	json_object_set_new(o, "blacklisted",
			    json_boolean(listed(DEBUGFS "kprobes/blacklist", on_blacklist, &s)));
	module = json_string_value(json_object_get(json_array_get(symbols.same, 0), "module"));
	add_btf(o, function, module);
	if (!exp__read_u64("/proc/sys/debug/kprobes-optimization", &on))
		json_object_set_new(o, "optimization", json_integer((json_int_t)on));
	probe__try_kprobe(o, function);
	if (json_object_get(o, "inject"))
		probe__try_override(o, function);
	probe__try_kprobe_multi(o, function);
	if (!module) {
		probe__try_trampoline(o, "fentry", BPF_TRACE_FENTRY, function);
		probe__try_trampoline(o, "fmod_ret", BPF_MODIFY_RETURN, function);
	}
	return o;
}

/* --- the command ----------------------------------------------------------------------------- */

static int probe_one(json_t *all, const char *word)
{
	struct probe_target t;
	char why[640] = "";
	int err = probe_target__parse(word, &t, why, sizeof(why));

	if (err == -EINVAL)
		log_err("%s", why);
	if (!err && json_array_append_new(all, t.kind == PROBE_KERNEL ? probe__function(t.name)
								      : probe__file(&t)))
		err = -ENOMEM;
	probe_target__release(&t);
	return err;
}

int probe__print(const char *const *targets, size_t n, bool json)
{
	json_t *all = json_array();
	int err = 0;

	libbpf_set_print(NULL);
	for (size_t i = 0; !err && i < n; i++)
		err = probe_one(all, targets[i]);
	if (!err && (json_dumpf(all, stdout, json ? JSON_COMPACT : JSON_INDENT(2)) ||
		     fputc('\n', stdout) == EOF))
		err = -EIO;
	json_decref(all);
	return err == -EINVAL ? 2 : err ? 3 : 0;
}
