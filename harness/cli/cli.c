// SPDX-License-Identifier: GPL-2.0-only
#include "cli/cli.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/num.h"
#include "base/str.h"
#include "cli/catalog.h"
#include "store/store.h"
#include "vm/prebuilt.h"

int cli__kernels(struct cli *cli, const struct kernels **out)
{
	int err = cli->kernels ? 0 : kernels__load(&cli->paths, &cli->kernels);

	*out = cli->kernels;
	return err;
}

int cli__catalog(struct cli *cli, const struct catalog **out)
{
	int err = cli->catalog ? 0 : catalog__load(cli->guest, &cli->catalog);

	*out = cli->catalog;
	return err;
}

int cli__kernel(struct cli *cli, const char *name, const struct kernel **out)
{
	const struct kernels *ks;
	const char *nearest = NULL;
	int err = cli__kernels(cli, &ks);

	if (err)
		return err;
	if (name && prebuilt__is(name))
		return kernels__given(ks, name, out);
	*out = name ? kernels__find(ks, name, &nearest) : kernels__default(ks);
	if (*out)
		return 0;
	return cli__unknown("kernel", name, nearest, "`assay list kernels` shows all");
}

int cli__tree_limit(uint64_t *bytes)
{
	const char *limit = getenv("ASSAY_TREE_LIMIT");
	uint64_t n;

	if (!limit || !*limit)
		return 0;
	if (num_size(limit, 1, UINT64_MAX / 2, &n)) {
		log_err("ASSAY_TREE_LIMIT: '%s' is no size such as 6G", limit);
		return -EINVAL;
	}
	*bytes = n;
	return 0;
}

int cli__image(struct cli *cli, const struct kernel *k, struct image **out)
{
	return cli__image_why(cli, k, out, NULL);
}

int cli__lookup(struct cli *cli, const struct kernel *k, struct image **out)
{
	struct image_opts opts = { .paths = &cli->paths, .cancel_fd = cli->cancel_fd };
	struct kernel entry = *k;

	if (cli->kernel_source)
		entry.source = (char *)cli->kernel_source;
	return image__lookup(&entry, &opts, out);
}

int cli__image_why(struct cli *cli, const struct kernel *k, struct image **out, char **why)
{
	struct image_opts opts = {
		.paths = &cli->paths,
		.cancel_fd = cli->cancel_fd,
		.verbose = cli->verbose,
		.why = why,
	};
	const struct catalog *catalog;
	const struct kernels *ks;
	struct kernel entry = *k;
	int err;

	if (why)
		*why = NULL;
	err = cli__tree_limit(&opts.tree_limit);
	if (err)
		return err;
	err = cli__kernels(cli, &ks);
	if (!err)
		err = cli__catalog(cli, &catalog);
	if (err)
		return err;
	opts.keep_tree = kernels__default(ks)->name;
	opts.need_btf_funcs = catalog__btf_funcs(catalog);
	if (cli->kernel_source)
		entry.source = (char *)cli->kernel_source;
	return image__ensure(&entry, &opts, out);
}

int cli__store(struct cli *cli, bool create, struct store **out)
{
	int err = store__open(cli->results, create, out);

	if (err == -ENOENT && !create)
		log_err("%s: no results yet; `assay run` makes some", cli->results);
	return err;
}

int cli__unknown(const char *what, const char *name, const char *nearest, const char *mend)
{
	log_err("unknown %s '%s'%s%s%s; %s", what, name, nearest ? ": did you mean '" : "",
		nearest ? nearest : "", nearest ? "'?" : "", mend);
	return -EINVAL;
}

int cli__exit_status(int err)
{
	if (!err)
		return EXIT_AS_EXPECTED;
	return err == -EINVAL ? EXIT_USAGE : EXIT_HARNESS;
}

/* --- options ------------------------------------------------------------------------------- */

enum {
	OPT_SOURCE = 0x200,
	OPT_ACCEL,
	OPT_CPUS,
	OPT_THREADS,
	OPT_MEM,
	OPT_APPEND,
	OPT_TIMING,
	OPT_PRECISION
};

static const struct argp_option vm_options[] = {
	{ "kernel", 'k', "KERNEL", 0,
	  "kernel of vm/kernels.ini, or a branch such as 5.10 for its newest (default: the file's "
	  "default); run and verify take several, with commas. Without building: deb:FILE or "
	  "apt:PACKAGE[=VERSION][/SUITE] for a distribution's package, "
	  "vmlinux:FILE[,config:FILE] for an image",
	  1 },
	{ "kernel-source", OPT_SOURCE, "DIR|TARBALL", 0,
	  "take the kernel's source from here instead (it is copied, never changed)", 1 },
	{ "accel", OPT_ACCEL, "auto|kvm|tcg", 0,
	  "accelerator (default auto: KVM where a kernel really boots with it, else TCG)", 2 },
	{ "cpus", OPT_CPUS, "N", 0, "CPUs of the guest, 1 to 8 (default 1)", 2 },
	{ "threads", OPT_THREADS, "1|2", 0,
	  "threads of each core (default 1): with 2, every second CPU is a sibling", 2 },
	{ "mem", OPT_MEM, "SIZE", 0, "memory of the guest, 128M to 64G (default 512M)", 2 },
	{ "append", OPT_APPEND, "TEXT", 0, "add to the kernel's command line", 2 },
	{ 0 },
};

/* -k A -k B means the same as -k A,B. */
static void add_kernels(struct cli_vm *v, const char *arg, struct argp_state *state)
{
	size_t len = strlen(v->kernels);
	int n = snprintf(v->kernels + len, sizeof(v->kernels) - len, "%s%s", len ? "," : "", arg);

	if (n < 0 || (size_t)n >= sizeof(v->kernels) - len)
		argp_error(state, "-k: too many kernels");
	v->kernels_arg = v->kernels;
}

static error_t parse_vm(int key, char *arg, struct argp_state *state)
{
	struct cli_vm *v = state->input;
	uint64_t n;

	switch (key) {
	case 'k':
		add_kernels(v, arg, state);
		return 0;
	case OPT_SOURCE:
		v->kernel_source = arg;
		return 0;
	case OPT_ACCEL:
		if (accel__parse(arg, &v->accel))
			argp_error(state, "--accel: '%s' is none of auto, kvm, tcg", arg);
		return 0;
	case OPT_CPUS:
		if (num_u64(arg, 1, 8, &n))
			argp_error(state, "--cpus: '%s' is no number from 1 to 8", arg);
		else
			v->cpus = (unsigned int)n;
		return 0;
	case OPT_THREADS:
		if (num_u64(arg, 1, 2, &n))
			argp_error(state, "--threads: '%s' is neither 1 nor 2", arg);
		else
			v->threads = (unsigned int)n;
		return 0;
	case ARGP_KEY_END:
		if (v->cpus % v->threads)
			argp_error(state, "--threads=2 takes an even number of --cpus, not %u",
				   v->cpus);
		return 0;
	case OPT_MEM:
		if (num_size(arg, 128ull << 20, 64ull << 30, &n))
			argp_error(state, "--mem: '%s' is no size from 128M to 64G", arg);
		else
			v->mem_mb = (unsigned int)(n >> 20);
		return 0;
	case OPT_APPEND:
		v->append = arg;
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

const struct argp cli_vm_argp = { .options = vm_options, .parser = parse_vm };

static const struct argp_option timing_options[] = {
	{ "timing", OPT_TIMING, "wall|icount", 0,
	  "clock of the guest (default wall: the host's). icount: it counts the guest's instructions, "
	  "so that times repeat on a busy machine; TCG only, slower, virtual time (docs/timing.md)",
	  2 },
	{ "precision", OPT_PRECISION, "PERCENT", 0,
	  "with --timing wall: load each program until the 95 % interval of its median time is within "
	  "so much of it, 0.1% to 50%, or a limit is reached and its time is inconclusive",
	  2 },
	{ 0 },
};

static bool parse_precision(const char *arg, double *out)
{
	size_t len = strlen(arg);
	char *number = len && arg[len - 1] == '%' ? strndup(arg, len - 1) : NULL;
	bool ok = number && !num_double(number, 0.1, 50, out);

	free(number);
	return ok;
}

static error_t parse_timing(int key, char *arg, struct argp_state *state)
{
	struct cli_vm *v = state->input;

	switch (key) {
	case OPT_TIMING:
		if (timing__parse(arg, &v->timing))
			argp_error(state, "--timing: '%s' is neither wall nor icount", arg);
		return 0;
	case OPT_PRECISION:
		if (!parse_precision(arg, &v->precision))
			argp_error(state, "--precision: '%s' is no share from 0.1%% to 50%%", arg);
		return 0;
	case ARGP_KEY_END:
		if (v->timing != TIMING_ICOUNT)
			return 0;
		if (v->precision > 0)
			argp_error(state, "--precision is for --timing wall: counts repeat by "
					  "themselves, --repeats 15 is enough");
		if (v->accel == ACCEL_KVM)
			argp_error(state,
				   "--timing icount: KVM runs the guest's instructions on the "
				   "CPU itself, where none are counted; use --accel tcg");
		/* Seen with QEMU 7.2 and Linux 5.10: the second CPU never comes up. */
		if (v->cpus > 1)
			argp_error(state,
				   "--timing icount: all CPUs would share one count, and the "
				   "guest does not come up with more than one; leave out "
				   "--cpus");
		v->accel = ACCEL_TCG;
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

const struct argp cli_timing_argp = { .options = timing_options, .parser = parse_timing };

void cli_vm__init(struct cli_vm *v)
{
	*v = (struct cli_vm){ .accel = ACCEL_AUTO, .cpus = 1, .threads = 1, .mem_mb = 512 };
}

static int add_long_options(const struct argp *argp, struct strv *names)
{
	const struct argp_child *child;
	const struct argp_option *o;
	int err;

	for (o = argp->options; o && (o->name || o->key || o->doc); o++) {
		err = o->name ? strv__add(names, o->name) : 0;
		if (err)
			return err;
	}
	for (child = argp->children; child && child->argp; child++) {
		err = add_long_options(child->argp, names);
		if (err)
			return err;
	}
	return 0;
}

/* argp's own message for an unknown long option names no alternative: look first. */
static bool unknown_option(const struct argp *argp, const char *name, int argc, char **argv)
{
	struct strv known = { 0 };
	const char *nearest;
	bool unknown = false;
	int i;
	size_t j;

	if (add_long_options(argp, &known) || strv__add(&known, "help") ||
	    strv__add(&known, "usage"))
		goto out;
	for (i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
		size_t len = strcspn(argv[i], "=");
		char *word;

		if (!str_starts(argv[i], "--"))
			continue;
		for (j = 0; j < known.n; j++)
			if (strncmp(known.v[j], argv[i] + 2, len - 2) == 0)
				break;
		if (j < known.n)
			continue;
		word = strndup(argv[i] + 2, len - 2);
		nearest = word ? str_nearest(word, (const char *const *)known.v, known.n) : NULL;
		log_err("%s: unknown option '--%s'%s%s%s; `assay %s --help` shows all", name,
			word ? word : "", nearest ? ": did you mean '--" : "",
			nearest ? nearest : "", nearest ? "'?" : "", name);
		free(word);
		unknown = true;
		break;
	}
out:
	strv__free(&known);
	return unknown;
}

error_t cli__parse_repeats(const struct argp_state *state, const char *arg, unsigned int *repeats)
{
	uint64_t n;

	if (num_u64(arg, 1, 1000, &n))
		argp_error(state, "--repeats: '%s' is no number from 1 to 1000", arg);
	else
		*repeats = (unsigned int)n;
	return 0;
}

error_t cli__parse_timeout(const struct argp_state *state, const char *arg, uint64_t *ms)
{
	if (num_duration_ms(arg, 100, 86400000, ms))
		argp_error(state, "--timeout: '%s' is no time from 100ms to 24h", arg);
	return 0;
}

error_t cli__parse_run_timeout(const struct argp_state *state, const char *arg, uint64_t *ms)
{
	if (num_duration_ms(arg, 100, 7ull * 86400000, ms))
		argp_error(state, "--run-timeout: '%s' is no time from 100ms to 7 days", arg);
	return 0;
}

bool cli__parse(const struct argp *argp, const char *name, int argc, char **argv, void *input,
		int *out_exit)
{
	char *prog = str_fmt("assay %s", name), *saved = argv[0];
	error_t err;

	*out_exit = EXIT_USAGE;
	if (!prog)
		return false;
	if (unknown_option(argp, name, argc, argv)) {
		free(prog);
		return false;
	}
	argv[0] = prog;
	argp_err_exit_status = EXIT_USAGE;
	err = argp_parse(argp, argc, argv, ARGP_IN_ORDER, NULL, input);
	argv[0] = saved;
	free(prog);
	if (err)
		log_err("%s: %s", name, strerror(err));
	return err == 0;
}
