// SPDX-License-Identifier: GPL-2.0-only
/* assay-guest: PID 1 of the VM, and the same experiments on a real machine. */
#include <argp.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/num.h"
#include "base/str.h"
#include "guest/init.h"
#include "guest/list.h"
#include "guest/probe.h"
#include "guest/registry.h"
#include "guest/standalone.h"

enum { EXIT_USAGE = 2, EXIT_HARNESS = 3 };

struct log assay_log = { .prog = "assay-guest", .level = LOG_LEVEL_INFO };

#ifdef ASSAY_VERSION
const char *argp_program_version = "assay-guest " ASSAY_VERSION;
#endif

enum { KEY_FEATURE = 256, KEY_REPEATS, KEY_TIMEOUT, KEY_JSON, KEY_SET_GLOBAL };

static const struct argp_option options[] = {
	{ "param", 'p', "NAME=VALUE", 0,
	  "run: a parameter of every chosen experiment that has it, or EXPERIMENT.NAME=VALUE", 0 },
	{ "feature", KEY_FEATURE, "NAME", 0,
	  "run: the running kernel's patches provide NAME; may be given several times", 0 },
	{ "repeats", KEY_REPEATS, "N", 0, "run, verify: timed loads of each program (default 5)",
	  0 },
	{ "timeout", KEY_TIMEOUT, "TIME", 0,
	  "run: limit for each experiment, such as 30s or 2m (default: its own)", 0 },
	{ "output", 'o', "DIR", 0, "run, verify: keep verifier logs and other texts in DIR", 0 },
	{ "set-global", KEY_SET_GLOBAL, "NAME=VALUE", 0,
	  "verify: set a global variable of the objects; may be given several times", 0 },
	{ "json", KEY_JSON, NULL, 0, "list, run, verify: print JSON", 0 },
	{ 0 },
};

static const char doc[] =
	"Runs assay's experiments on the kernel that is running.\v"
	"Commands:\n"
	"  list          the experiments (needs no root)\n"
	"  object NAME   the BPF object of an experiment, to standard output\n"
	"  probe NAME... what can hang on a function of this kernel, on FILE:FUNCTION or\n"
	"                FILE:PROVIDER:NAME of a program (JSON), as root\n"
	"  run NAME...   run experiments here, as root\n"
	"  verify FILE...\n"
	"                load every program of BPF objects here, each by itself, as root\n"
	"\n"
	"Exit status: 0 all as expected, 1 something unexpected, 2 wrong use, 3 the harness failed.\n"
	"As process 1 of a virtual machine it takes its jobs from `assay`.";

struct args {
	const char *command;
	struct strv words; /* after the command */
	bool json;
	struct standalone_opts run;
};

static void add(struct argp_state *state, struct strv *sv, const char *word)
{
	if (strv__add(sv, word))
		argp_failure(state, EXIT_HARNESS, ENOMEM, "%s", word);
}

static void add_global(struct argp_state *state, struct args *a, const char *arg)
{
	const char *eq = strchr(arg, '=');
	char *name;

	if (!eq || eq == arg)
		argp_error(state, "--set-global: '%s' is not of the form NAME=VALUE", arg);
	if (!a->run.globals)
		a->run.globals = json_object();
	name = eq ? strndup(arg, (size_t)(eq - arg)) : NULL;
	if (!name || json_object_set_new(a->run.globals, name, json_string(eq + 1)))
		argp_failure(state, EXIT_HARNESS, ENOMEM, "%s", arg);
	free(name);
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct args *a = state->input;
	uint64_t n;

	switch (key) {
	case 'p':
		add(state, &a->run.params, arg);
		return 0;
	case 'o':
		a->run.dir = arg;
		return 0;
	case KEY_FEATURE:
		add(state, &a->run.features, arg);
		return 0;
	case KEY_REPEATS:
		if (num_u64(arg, 1, 10000, &n))
			argp_error(state, "--repeats: '%s' is no number from 1 to 10000", arg);
		a->run.repeats = (unsigned int)n;
		return 0;
	case KEY_TIMEOUT:
		if (num_duration_ms(arg, 1, 86400000, &n))
			argp_error(state, "--timeout: '%s' is no time from 1ms to 24h", arg);
		a->run.timeout_ms = (unsigned int)n;
		return 0;
	case KEY_SET_GLOBAL:
		add_global(state, a, arg);
		return 0;
	case KEY_JSON:
		a->json = true;
		return 0;
	case ARGP_KEY_ARG:
		if (!a->command)
			a->command = arg;
		else
			add(state, &a->words, arg);
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_usage(state);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static int cmd_list(struct args *a)
{
	if (a->words.n) {
		log_err("list takes no arguments, not '%s'", a->words.v[0]);
		return EXIT_USAGE;
	}
	return list__print(stdout, a->json) ? EXIT_HARNESS : 0;
}

static int cmd_object(struct args *a)
{
	const struct experiment *ex;
	const char *nearest;
	int err;

	if (a->words.n != 1) {
		log_err("object takes the name of one experiment");
		return EXIT_USAGE;
	}
	ex = registry__find(a->words.v[0], &nearest);
	if (!ex)
		return standalone__unknown(a->words.v[0], nearest);
	err = list__object(stdout, ex);
	if (err == -ENOENT)
		log_err("%s has no BPF object: it generates its programs", ex->name);
	else if (err)
		log_err("%s: its object could not be written: %s", ex->name, strerror(-err));
	return err ? EXIT_HARNESS : 0;
}

static int cmd_run(struct args *a)
{
	a->run.json = a->json;
	return standalone__run(&a->run, &a->words);
}

static int cmd_probe(struct args *a)
{
	if (!a->words.n) {
		log_err("probe takes the name of at least one function or FILE:NAME");
		return EXIT_USAGE;
	}
	return probe__print((const char *const *)a->words.v, a->words.n, a->json);
}

static int cmd_verify(struct args *a)
{
	a->run.json = a->json;
	return standalone__verify(&a->run, &a->words);
}

static const struct command {
	const char *name;
	int (*run)(struct args *a);
} commands[] = {
	{ "list", cmd_list }, { "object", cmd_object }, { "probe", cmd_probe },
	{ "run", cmd_run },   { "verify", cmd_verify },
};
#define NR_COMMANDS (sizeof(commands) / sizeof(commands[0]))

static int dispatch(struct args *a)
{
	const char *names[NR_COMMANDS], *nearest;

	for (size_t i = 0; i < NR_COMMANDS; i++) {
		names[i] = commands[i].name;
		if (strcmp(names[i], a->command) == 0)
			return commands[i].run(a);
	}
	nearest = str_nearest(a->command, names, NR_COMMANDS);
	if (nearest)
		log_err("unknown command '%s': did you mean '%s'?", a->command, nearest);
	else
		log_err("unknown command '%s'; see --help", a->command);
	return EXIT_USAGE;
}

/* The kernel starts /init as process 1, and gives it words of its own command line. Process 1 of a
 * container is something else: there it was started with a command. */
static bool is_init(int argc, char **argv)
{
	return getpid() == 1 && (argc < 2 || str_ends(argv[0], "/init"));
}

int main(int argc, char **argv)
{
	static const struct argp argp = {
		options, parse, "COMMAND [NAME...]", doc, NULL, NULL, NULL
	};
	struct args args = { 0 };
	int status;

	if (is_init(argc, argv))
		init__main();
	argp_err_exit_status = EXIT_USAGE;
	argp_parse(&argp, argc, argv, 0, NULL, &args);
	status = dispatch(&args);
	if (fflush(stdout) || ferror(stdout)) {
		log_err("standard output: %s", strerror(errno));
		status = EXIT_HARNESS;
	}
	strv__free(&args.words);
	strv__free(&args.run.params);
	strv__free(&args.run.features);
	json_decref(args.run.globals);
	return status;
}
