// SPDX-License-Identifier: GPL-2.0-only
/* `assay doctor`: KVM, memory, space, kernel sources, results. */
#include "cli/cmd_doctor.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/proc.h"
#include "base/str.h"
#include "base/term.h"
#include "cli/catalog.h"
#include "cli/cli.h"
#include "store/store.h"
#include "vm/accel.h"
#include "vm/aptsrc.h"
#include "vm/source.h"

#define KVM_DEVICE  "/dev/kvm"
#define CACHE_BYTES 10e9 /* two kernels with their build trees, sources and ccache */
#define MEM_BYTES   2e9	 /* linking vmlinux beside a guest */
#define MEM_SLACK   0.9	 /* firmware and kernel keep some of the memory that was bought */

/* The path, or the nearest folder above it that exists; caller frees. */
static char *existing_part(const char *path)
{
	char *p = strdup(path), *slash;

	while (p && !file_exists(p) && (slash = strrchr(p, '/')) && slash != p)
		*slash = '\0';
	if (p && !file_exists(p)) {
		free(p);
		p = strdup(*path == '/' ? "/" : ".");
	}
	return p;
}

/* --- KVM ----------------------------------------------------------------------------------- */

static bool cpu_virtualises(void)
{
	char *text = NULL, *flags;
	bool yes = false;

	if (file_read("/proc/cpuinfo", 0, &text, NULL))
		return true; /* unknown: say nothing against it */
	flags = strstr(text, "\nflags");
	if (flags) {
		flags[1 + strcspn(flags + 1, "\n")] = '\0';
		yes = strstr(flags, " vmx") || strstr(flags, " svm");
	}
	free(text);
	return yes;
}

void doctor__check_kvm(struct doctor *d, const char *cache)
{
	static const char slower[] = "kernels run in emulation (TCG), which is slower";
	int err = access(KVM_DEVICE, R_OK | W_OK) ? errno : 0;
	char *why = NULL, *mend;
	enum accel accel;
	bool works;

	if (err == ENOENT) {
		doctor__note(d, MARK_WARN, "KVM",
			     cpu_virtualises()
				     ? "load the module kvm_intel or kvm_amd"
				     : "switch on virtualisation in the firmware, or nested "
				       "virtualisation where this machine is a guest itself",
			     "there is no " KVM_DEVICE ": %s", slower);
		return;
	}
	if (err) {
		doctor__note(d, MARK_WARN, "KVM",
			     "let this user into the group kvm: adduser USER kvm, then log in "
			     "again",
			     KVM_DEVICE ": %s: %s", strerror(err), slower);
		return;
	}
	works = accel__remembered(NULL, cache, &accel, &why) && accel == ACCEL_KVM;
	mend = str_fmt("to have it tried again, remove %s/accel.json", cache);
	if (why && works)
		doctor__note(d, MARK_OK, "KVM", NULL, "%s", why);
	else if (why)
		doctor__note(d, MARK_WARN, "KVM", mend, KVM_DEVICE " opens, but %s%s: %s", why,
			     cpu_virtualises() ? "" : " (this CPU shows neither vmx nor svm)",
			     slower);
	else
		doctor__note(d, MARK_OK, "KVM", NULL,
			     KVM_DEVICE " opens; the first run tries whether a kernel boots with "
					"it%s",
			     cpu_virtualises() ? ""
					       : " (this CPU shows neither vmx nor svm, so "
						 "probably not)");
	free(mend);
	free(why);
}

/* --- memory and space ---------------------------------------------------------------------- */

/* A line "Name:   123 kB" of /proc/meminfo in bytes, or -1. */
static double meminfo(const char *text, const char *name)
{
	const char *line = strstr(text, name);
	uint64_t kb;

	return line && sscanf(line + strlen(name), ": %" SCNu64 " kB", &kb) == 1 ? (double)kb * 1024
										 : -1;
}

void doctor__check_memory(struct doctor *d)
{
	char *text = NULL, total_s[32], free_s[32], need[32];
	double total, available;

	if (file_read("/proc/meminfo", 0, &text, NULL)) {
		doctor__note(d, MARK_WARN, "memory", NULL, "/proc/meminfo can't be read");
		return;
	}
	total = meminfo(text, "MemTotal");
	available = meminfo(text, "MemAvailable");
	fmt_bytes(total, total_s, sizeof(total_s));
	fmt_bytes(available, free_s, sizeof(free_s));
	fmt_bytes(MEM_BYTES, need, sizeof(need));
	if (total >= 0 && total < MEM_BYTES * MEM_SLACK)
		doctor__note(d, MARK_FAIL, "memory", "add memory",
			     "%s in all; building a kernel takes %s", total_s, need);
	else if (available >= 0 && available < MEM_BYTES)
		doctor__note(d, MARK_WARN, "memory",
			     "end what uses it, or give the guest less with --mem",
			     "%s of %s available; building a kernel takes %s", free_s, total_s,
			     need);
	else
		doctor__note(d, MARK_OK, "memory", NULL, "%s of %s available", free_s, total_s);
	free(text);
}

void doctor__check_cache(struct doctor *d, const char *cache)
{
	char *part = existing_part(cache), *mend, free_s[32], used_s[32], need[32];
	int64_t space = part ? disk_free(part) : -ENOMEM, used = dir_size(cache);

	if (used < 0)
		used = 0; /* not there yet */
	fmt_bytes((double)space, free_s, sizeof(free_s));
	fmt_bytes((double)used, used_s, sizeof(used_s));
	fmt_bytes(CACHE_BYTES, need, sizeof(need));
	mend = str_fmt("free space, `assay kernel prune`, or set ASSAY_CACHE to a folder on a "
		       "larger file system");
	if (!part || access(part, W_OK))
		doctor__note(d, MARK_FAIL, "cache",
			     "make it writable, or set ASSAY_CACHE to another folder",
			     "%s may not be written by this user", part ? part : cache);
	else if (space < 0)
		doctor__note(d, MARK_WARN, "cache", NULL, "%s: space unknown: %s", cache,
			     strerror((int)-space));
	else if ((double)space + (double)used >= CACHE_BYTES)
		doctor__note(d, MARK_OK, "cache", NULL, "%s: %s used, %s free", cache, used_s,
			     free_s);
	else
		/* With kernels built already there may be enough for what is left to do. */
		doctor__note(d, used > 0 && space > 0.2 * CACHE_BYTES ? MARK_WARN : MARK_FAIL,
			     "cache", mend, "%s: %s used, %s free; kernels take about %s", cache,
			     used_s, free_s, need);
	free(mend);
	free(part);
}

/* --- kernel sources ------------------------------------------------------------------------ */

/* The cached source of a kernel; caller frees; NULL when there is none. */
static char *cached_source(const struct kernel *k, const char *cache)
{
	struct source s[2] = { 0 };
	size_t n = source__pinned(k, s), i;
	char *path = NULL;

	for (i = 0; i < n && !path; i++) {
		char *name = source__file_name(k, &s[i]);

		path = name ? str_fmt("%s/sources/%s", cache, name) : NULL;
		if (path && !file_exists(path)) {
			free(path);
			path = NULL;
		}
		free(name);
	}
	source__release(&s[0]);
	source__release(&s[1]);
	return path;
}

/* The Debian archives that the host's apt knows; NULL without apt or without any; caller frees. */
static char *mirrors(void)
{
	struct apt_mirrors m = { 0 };
	struct strbuf sb = STRBUF_INIT;
	size_t i;

	if (!apt_mirrors__find(&m)) {
		for (i = 0; i < m.main.n; i++)
			strbuf__addf(&sb, "%s%s", sb.len ? ", " : "", m.main.v[i]);
	}
	apt_mirrors__release(&m);
	return sb.len ? strbuf__detach(&sb) : NULL;
}

static void check_source(struct doctor *d, const struct kernel *k, const char *cache)
{
	char *what = str_fmt("source of %s", k->name), *cached = cached_source(k, cache);
	char *apt = proc_which("apt-get"), *debian = apt ? mirrors() : NULL;

	if (!what)
		d->err = -ENOMEM;
	else if (k->source && file_exists(k->source))
		doctor__note(d, MARK_OK, what, NULL, "%s", k->source);
	else if (k->source)
		doctor__note(d, MARK_FAIL, what, "correct `source` in kernels.ini",
			     "%s is not there", k->source);
	else if (cached)
		doctor__note(d, MARK_OK, what, NULL, "%s", cached);
	else if (debian)
		doctor__note(d, MARK_OK, what, NULL,
			     "%s is to be had from Debian (apt names %s; not tried)", k->package,
			     debian);
	else if (k->tarball && k->tarball_sha256)
		doctor__note(d, MARK_WARN, what,
			     "name a Debian mirror in apt's sources, or --kernel-source "
			     "DIR|TARBALL",
			     "%s; %s takes its place",
			     apt ? "apt knows no Debian archive" : "there is no apt-get",
			     k->tarball);
	else
		doctor__note(d, MARK_FAIL, what,
			     "name a Debian mirror in apt's sources, or give a source: "
			     "--kernel-source DIR|TARBALL",
			     "not in the cache, and %s",
			     apt ? "apt knows no Debian archive" : "there is no apt-get");
	free(debian);
	free(apt);
	free(cached);
	free(what);
}

void doctor__check_sources(struct doctor *d, struct cli *cli)
{
	struct image_opts opts = { .paths = &cli->paths, .cancel_fd = cli->cancel_fd };
	const struct kernels *ks;
	const struct kernel *k;
	struct image *img = NULL;
	int err = cli__kernels(cli, &ks);

	if (err) {
		doctor__note(d, MARK_FAIL, "kernels.ini", "mend what is said of it above",
			     "%s can't be used", cli->paths.ini);
		return;
	}
	k = kernels__default(ks);
	if (!image__lookup(k, &opts, &img))
		doctor__note(d, MARK_OK, "default kernel", NULL, "%s is built: %s", k->name,
			     img->dir);
	image__free(img);
	check_source(d, k, cli->paths.cache);
}

/* --- what is assay's own ------------------------------------------------------------------- */

void doctor__check_guest(struct doctor *d, const struct cli *cli)
{
	struct catalog *c = NULL;

	if (!file_exists(cli->guest))
		doctor__note(d, MARK_FAIL, "guest program", "run make", "%s is not there",
			     cli->guest);
	else if (catalog__load(cli->guest, &c))
		doctor__note(d, MARK_FAIL, "guest program", "run make",
			     "%s does not list its experiments", cli->guest);
	else
		doctor__note(d, MARK_OK, "guest program", NULL, "%s, %zu experiments", cli->guest,
			     catalog__count(c));
	catalog__free(c);
}

void doctor__check_results(struct doctor *d, const char *results)
{
	char *part = existing_part(results), *why = NULL;
	int err = store__check(results, &why);

	if (!part || access(part, W_OK))
		doctor__note(d, MARK_FAIL, "results",
			     "make it writable, or name another folder with --results or "
			     "ASSAY_RESULTS",
			     "%s may not be written by this user", part ? part : results);
	else if (err == -ENOENT)
		doctor__note(d, MARK_OK, "results", NULL, "%s: no runs yet", results);
	else if (err)
		doctor__note(d, MARK_FAIL, "results",
			     err == -EBADMSG ? "move assay.db away, or recover it with sqlite3"
					     : "see the reason",
			     "%s", why ? why : strerror(-err));
	else
		doctor__note(d, MARK_OK, "results", NULL, "%s: the database is sound", results);
	free(why);
	free(part);
}
