// SPDX-License-Identifier: GPL-2.0-only
/* assay, the host program: finds its parts, then hands over to one command. */
#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/proc.h"
#include "base/str.h"
#include "cli/catalog.h"
#include "cli/cli.h"

struct log assay_log = { .prog = "assay", .level = LOG_LEVEL_INFO };

static const struct command {
	const char *name;
	int (*run)(struct cli *cli, int argc, char **argv);
	const char *summary;
} commands[] = {
	{ "run", cmd_run, "run experiments on kernels, keep and show what they found" },
	{ "verify", cmd_verify, "load every program of any BPF object on kernels" },
	{ "list", cmd_list, "list experiments, rows of the catalogue, kernels or runs" },
	{ "show", cmd_show, "show a run again: tables, verifier logs, disassembly, console" },
	{ "compare", cmd_compare, "what changed between two runs, two kernels, or the baseline" },
	{ "merge", cmd_merge, "add the runs of other results to these" },
	{ "plot", cmd_plot, "draw the pictures of a study's run" },
	{ "catalogue", cmd_catalogue, "write the catalogue of all rows, from a run" },
	{ "probe", cmd_probe,
	  "what can hang on a function of a kernel or a program, and if not, why" },
	{ "study", cmd_study,
	  "measure the points of a study, to its end or as far as time allows" },
	{ "baseline", cmd_baseline, "write what a run showed as what is expected from now on" },
	{ "regress", cmd_regress, "run the kernels that have a baseline and compare with it" },
	{ "bisect", cmd_bisect, "find the kernel, commit or patch with which a verdict changes" },
	{ "shell", cmd_shell, "an interactive shell in a guest" },
	{ "exec", cmd_exec, "run one command in a guest" },
	{ "kernel", cmd_kernel, "build kernels, find their files, bound the cache" },
	{ "doctor", cmd_doctor, "check this host and say what mends it" },
};
#define NR_COMMANDS (sizeof(commands) / sizeof(commands[0]))

static void usage(FILE *f)
{
	size_t i;

	fputs("Usage: assay [-v] [--results DIR] COMMAND [ARGUMENT...]\n\nCommands:\n", f);
	for (i = 0; i < NR_COMMANDS; i++)
		fprintf(f, "  %-9s %s\n", commands[i].name, commands[i].summary);
	fputs("\nOptions:\n"
	      "  -v, --verbose      say more; show the kernel build\n"
	      "      --results DIR  where runs are kept (ASSAY_RESULTS; default: results/ of the\n"
	      "                     source tree, or ~/.local/state/assay when installed)\n"
	      "  -h, --help         this text; `assay COMMAND --help` for a command\n"
	      "      --version      version of assay\n"
	      "\nExit status: 0 all as expected, 1 something unexpected, 2 wrong use, 3 assay failed\n"
	      "or was cut off.\n"
	      "\nEnvironment: ASSAY_CACHE (kernels and sources; default ~/.cache/assay),\n"
	      "ASSAY_TREE_LIMIT (what its build trees may take; default 6G), ASSAY_RESULTS,\n"
	      "ASSAY_BASELINE (default: results/baseline of the source tree), ASSAY_GUEST (another\n"
	      "guest program), NO_COLOR.\n",
	      f);
}

static int unknown_command(const char *name)
{
	const char *names[NR_COMMANDS], *nearest;
	size_t i;

	for (i = 0; i < NR_COMMANDS; i++)
		names[i] = commands[i].name;
	nearest = str_nearest(name, names, NR_COMMANDS);
	cli__unknown("command", name, nearest, "`assay --help` shows all");
	return EXIT_USAGE;
}

/* Folder of the running program, without a trailing slash; caller frees. */
static char *program_dir(void)
{
	char path[4096];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);
	char *slash;

	if (n < 0)
		return NULL;
	path[n] = '\0';
	slash = strrchr(path, '/');
	if (slash)
		*slash = '\0';
	return strdup(path);
}

/* Absolute, also when it is still to be made: programs are run in other folders. Caller frees. */
static char *absolute(const char *dir)
{
	char *real = realpath(dir, NULL), *cwd, *path;

	if (real || *dir == '/')
		return real ? real : strdup(dir);
	cwd = getcwd(NULL, 0);
	path = cwd ? str_fmt("%s/%s", cwd, dir) : NULL;
	free(cwd);
	return path;
}

static char *cache_dir(void)
{
	const char *dir = getenv("ASSAY_CACHE"), *xdg = getenv("XDG_CACHE_HOME");
	const char *home = getenv("HOME");

	if (dir && *dir)
		return absolute(dir);
	/* The specification has it that a relative one is ignored. */
	if (xdg && *xdg == '/')
		return str_fmt("%s/assay", xdg);
	return str_fmt("%s/.cache/assay", home && *home ? home : "/root");
}

static char *state_dir(void)
{
	const char *xdg = getenv("XDG_STATE_HOME"), *home = getenv("HOME");

	if (xdg && *xdg == '/')
		return str_fmt("%s/assay", xdg);
	return str_fmt("%s/.local/state/assay", home && *home ? home : "/root");
}

/* In the source tree the program is build/assay and its parts lie about it; installed it is
 * PREFIX/bin/assay with PREFIX/share/assay and PREFIX/lib/assay. */
static int find_parts(struct cli *cli, const char *results_opt)
{
	char *bin = program_dir(), *data = NULL, *mark;
	const char *guest = getenv("ASSAY_GUEST"), *results = getenv("ASSAY_RESULTS");
	const char *baseline = getenv("ASSAY_BASELINE");
	bool in_tree;

	if (!bin)
		return -errno;
	mark = str_fmt("%s/../vm/kernels.ini", bin);
	in_tree = mark && file_exists(mark);
	free(mark);
	data = str_fmt(in_tree ? "%s/.." : "%s/../share/assay", bin);
	if (data) { /* shorter paths in messages */
		char *real = realpath(data, NULL);

		if (real) {
			free(data);
			data = real;
		}
	}
	cli->paths.ini = str_fmt("%s/vm/kernels.ini", data);
	cli->paths.configs = str_fmt("%s/vm/config", data);
	cli->paths.patches = str_fmt("%s/kernel-patches", data);
	cli->experiments = str_fmt("%s/experiments", data);
	cli->paths.cache = cache_dir();
	cli->objects = str_fmt(in_tree ? "%s/objects" : "%s/../lib/assay/objects", bin);
	cli->guest =
		guest && *guest
			? strdup(guest)
			: str_fmt(in_tree ? "%s/assay-guest" : "%s/../lib/assay/assay-guest", bin);
	if (results_opt)
		cli->results = strdup(results_opt);
	else if (results && *results)
		cli->results = strdup(results);
	else
		cli->results = in_tree ? str_fmt("%s/results", data) : state_dir();
	/* With the sources, wherever the runs go. */
	if (baseline && *baseline)
		cli->baseline = strdup(baseline);
	else
		cli->baseline = in_tree ? str_fmt("%s/results/baseline", data)
					: str_fmt("%s/baseline", cli->results);
	free(bin);
	free(data);
	return cli->paths.ini && cli->paths.configs && cli->paths.patches && cli->paths.cache &&
			       cli->experiments && cli->objects && cli->guest && cli->results &&
			       cli->baseline
		       ? 0
		       : -ENOMEM;
}

static char *command_line(int argc, char **argv)
{
	struct strbuf sb = STRBUF_INIT;
	int i;

	for (i = 0; i < argc; i++)
		strbuf__addf(&sb, "%s%s", i ? " " : "", i ? argv[i] : "assay");
	return strbuf__detach(&sb);
}

static void free_cli(struct cli *cli)
{
	kernels__free(cli->kernels);
	catalog__free(cli->catalog);
	free((char *)cli->paths.ini);
	free((char *)cli->paths.configs);
	free((char *)cli->paths.patches);
	free((char *)cli->paths.cache);
	free((char *)cli->objects);
	free((char *)cli->guest);
	free((char *)cli->results);
	free((char *)cli->baseline);
	free((char *)cli->experiments);
	free((char *)cli->command);
	if (cli->cancel_fd >= 0)
		close(cli->cancel_fd);
}

/* The options before the command. Returns -1 to go on, else an exit status. */
static int global_options(int argc, char **argv, struct cli *cli, const char **results)
{
	static const struct option longs[] = {
		{ "verbose", no_argument, NULL, 'v' },
		{ "results", required_argument, NULL, 'r' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ 0 },
	};
	int c;

	opterr = 0;
	while ((c = getopt_long(argc, argv, "+:vh", longs, NULL)) != -1) {
		switch (c) {
		case 'v':
			cli->verbose = true;
			assay_log.level = LOG_LEVEL_DEBUG;
			break;
		case 'r':
			*results = optarg;
			break;
		case 'h':
			usage(stdout);
			return EXIT_AS_EXPECTED;
		case 'V':
			puts("assay " ASSAY_VERSION);
			return EXIT_AS_EXPECTED;
		default:
			log_err("%s '%s'; `assay --help` shows the options",
				c == ':' ? "a value is missing after" : "unknown option",
				argv[optind - 1]);
			return EXIT_USAGE;
		}
	}
	return -1;
}

/* Was everything written? A reader that has seen enough (`| head`) is told nothing. What failed
 * before the last flush has left no errno. */
static bool finish_output(void)
{
	struct pollfd out = { .fd = STDOUT_FILENO };
	int err = fflush(stdout) ? errno : 0;

	if (!err && !ferror(stdout))
		return true;
	if (poll(&out, 1, 0) != 1 || !(out.revents & POLLERR))
		log_err("standard output: %s",
			err ? strerror(err) : "not all of it could be written");
	return false;
}

int main(int argc, char **argv)
{
	struct cli cli = { .cancel_fd = -1 };
	const char *results = NULL;
	int status, err;
	size_t i;

	signal(SIGPIPE, SIG_IGN);
	status = global_options(argc, argv, &cli, &results);
	if (status >= 0)
		return status;
	if (optind >= argc) {
		usage(stderr);
		return EXIT_USAGE;
	}
	for (i = 0; i < NR_COMMANDS && strcmp(commands[i].name, argv[optind]) != 0; i++)
		;
	if (i == NR_COMMANDS)
		return unknown_command(argv[optind]);

	err = find_parts(&cli, results);
	if (!err) {
		cli.command = command_line(argc, argv);
		cli.cancel_fd = cancel_open();
		err = cli.cancel_fd < 0 ? cli.cancel_fd : 0;
	}
	if (err) {
		log_err("start: %s", strerror(-err));
		status = EXIT_HARNESS;
	} else {
		argc -= optind;
		argv += optind;
		optind = 0; /* getopt starts anew for the command */
		status = commands[i].run(&cli, argc, argv);
	}
	if (!finish_output())
		status = status ? status : EXIT_HARNESS;
	free_cli(&cli);
	return status;
}
