// SPDX-License-Identifier: GPL-2.0-only
#include "vm/accel.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/cpuinfo.h"
#include "base/file.h"
#include "base/log.h"
#include "base/proc.h"
#include "base/str.h"
#include "vm/vm.h"
#include "wire/event.h"

#define KVM_DEVICE "/dev/kvm"
/* A kernel that boots with KVM does so in about a second. */
#define PROBE_MS     15000
#define CACHE_MAX    (64u << 10)
#define DEFAULT_QEMU "qemu-system-x86_64"

static const char *const names[] = {
	[ACCEL_AUTO] = "auto",
	[ACCEL_KVM] = "kvm",
	[ACCEL_TCG] = "tcg",
};

const char *accel__name(enum accel a)
{
	return (size_t)a < sizeof(names) / sizeof(names[0]) ? names[a] : "?";
}

int accel__parse(const char *s, enum accel *out)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (!strcmp(s, names[i])) {
			*out = (enum accel)i;
			return 0;
		}
	}
	return -EINVAL;
}

/* --- what is remembered -------------------------------------------------------------------- */

static char *host_cpu(void)
{
	char *model = cpuinfo__model();

	return model ? model : strdup("unknown CPU");
}

static char *qemu_version(const char *qemu)
{
	const char *argv[] = { qemu ? qemu : DEFAULT_QEMU, "--version", NULL };
	char *out = NULL;
	int status;

	if (proc_output(argv, &out, &status))
		return NULL;
	out[strcspn(out, "\n")] = '\0';
	return out;
}

/* Whether the device can be opened is asked of access(2): opening a device that hangs would hang
 * us, and QEMU finds out soon enough. */
static int kvm_access(void)
{
	return access(KVM_DEVICE, R_OK | W_OK) ? -errno : 0;
}

static char *cache_key(const char *qemu)
{
	char *cpu = host_cpu(), *version = qemu_version(qemu), *key = NULL;
	struct utsname u;

	if (cpu && version && !uname(&u))
		key = str_fmt("%s | Linux %s | %s | " KVM_DEVICE ": %s", cpu, u.release, version,
			      kvm_access() ? strerror(-kvm_access()) : "accessible");
	free(cpu);
	free(version);
	return key;
}

static char *cache_path(const char *cache_dir)
{
	return str_fmt("%s/accel.json", cache_dir);
}

/* The whole cache; an unreadable one counts as empty: what it held can be found out again. */
static json_t *cache_load(const char *path)
{
	json_t *all = NULL;
	char *text = NULL;
	int err = file_read(path, CACHE_MAX, &text, NULL);

	if (!err) {
		all = json_loads(text, 0, NULL);
		if (!json_is_object(all))
			log_warn("%s is damaged; it will be written anew", path);
	} else if (err != -ENOENT) {
		log_warn("%s: %s; it will be written anew", path, strerror(-err));
	}
	free(text);
	if (json_is_object(all))
		return all;
	json_decref(all);
	return json_object();
}

static bool cache_get(const char *path, const char *key, enum accel *out, char **why)
{
	json_t *all = cache_load(path), *entry = json_object_get(all, key);
	const char *accel = json_string_value(json_object_get(entry, "accel"));
	const char *reason = json_string_value(json_object_get(entry, "why"));
	bool found;

	found = accel && reason && !accel__parse(accel, out) && *out != ACCEL_AUTO;
	if (found)
		*why = strdup(reason);
	json_decref(all);
	return found && *why;
}

/* Failing to remember is no reason to stop. */
static void cache_put(const char *cache_dir, const char *path, const char *key, enum accel a,
		      const char *why)
{
	json_t *all = cache_load(path);
	char *text = NULL;
	int err = -ENOMEM;

	/* Hosts get upgraded; what was true of their old kernels is not kept for ever. */
	if (json_object_size(all) > 32)
		json_object_clear(all);
	if (!json_object_set_new(all, key,
				 json_pack("{s:s, s:s}", "accel", accel__name(a), "why", why)))
		text = json_dumps(all, JSON_INDENT(1) | JSON_SORT_KEYS);
	if (text) {
		err = dir_make(cache_dir);
		if (!err)
			err = file_write(path, text, strlen(text));
	}
	if (err)
		log_warn("%s: %s; KVM will be tried again next time", path, strerror(-err));
	free(text);
	json_decref(all);
}

/* --- the trial ----------------------------------------------------------------------------- */

enum trial { TRIAL_WORKS, TRIAL_FAILS, TRIAL_UNCLEAR };

/* What QEMU and the kernel did with KVM, as a sentence. A kernel that printed something and then
 * panicked may do so everywhere: that says nothing about KVM. */
static enum trial judge_trial(const struct vm_outcome *o, char **why)
{
	const char *detail = o->detail ? o->detail : vm_end__name(o->end);

	switch (o->end) {
	case VM_DONE:
		*why = strdup("a kernel boots with it");
		return TRIAL_WORKS;
	case VM_TIMEOUT:
		*why = str_fmt("a kernel started with KVM does not boot within %d s",
			       PROBE_MS / 1000);
		return TRIAL_FAILS;
	case VM_DIED:
		*why = str_fmt("KVM does not start a kernel: %s", detail);
		return TRIAL_FAILS;
	default:
		*why = str_fmt("the trial of KVM failed: %s", detail);
		return TRIAL_UNCLEAR;
	}
}

static int on_event(void *ctx, const json_t *event)
{
	(void)ctx;
	return !strcmp(wire_type(event), "hello");
}

static int boot_trial(const struct vm_opts *probe, enum trial *result, char **why)
{
	struct vm_opts opts = *probe;
	struct vm_outcome o = { 0 };
	struct vm *vm = NULL;
	char *console = NULL;
	int fd, err;

	fd = memfd_create("assay-kvm-trial", MFD_CLOEXEC);
	if (fd < 0)
		return -errno;
	console = str_fmt("/proc/%d/fd/%d", (int)getpid(), fd);
	opts.accel = ACCEL_KVM;
	opts.console = console;
	err = console ? vm__start(&opts, &vm) : -ENOMEM;
	/* Not vm__wait_hello: its guesses are about kernels. */
	if (!err)
		vm__pump(vm, PROBE_MS, on_event, NULL, &o);
	if (!err && o.end == VM_CANCELLED)
		err = -EINTR;
	if (!err) {
		*result = judge_trial(&o, why);
		if (*result != TRIAL_WORKS && o.excerpt && *o.excerpt)
			log_debug("the trial's last messages:\n%s", o.excerpt);
		err = *why ? 0 : -ENOMEM;
	}
	vm__stop(vm);
	vm_outcome__release(&o);
	free(console);
	close(fd);
	return err;
}

static int try_kvm(const struct vm_opts *probe, enum trial *result, char **why)
{
	int err = kvm_access();

	*result = TRIAL_FAILS;
	if (!err)
		return boot_trial(probe, result, why);
	if (err == -ENOENT)
		*why = strdup("there is no " KVM_DEVICE);
	else if (err == -EACCES || err == -EPERM)
		*why = strdup(KVM_DEVICE
			      " may not be opened by this user (add it to the group kvm)");
	else
		*why = str_fmt(KVM_DEVICE ": %s", strerror(-err));
	return *why ? 0 : -ENOMEM;
}

/* --- the choice ---------------------------------------------------------------------------- */

void accel__announce(enum accel a, const char *why)
{
	if (a == ACCEL_KVM)
		log_info("accelerator: KVM, because %s", why);
	else
		log_info("accelerator: TCG (emulation), because %s", why);
}

bool accel__remembered(const char *qemu, const char *cache_dir, enum accel *out, char **why)
{
	char *path = cache_path(cache_dir), *key = cache_key(qemu);
	bool found;

	*why = NULL;
	found = path && key && cache_get(path, key, out, why);
	free(path);
	free(key);
	return found;
}

static int settle_auto(const struct vm_opts *probe, const char *cache_dir, enum accel *out,
		       char **why)
{
	char *path = cache_path(cache_dir), *key = cache_key(probe->qemu);
	enum trial result;
	int err = 0;

	if (!path) {
		err = -ENOMEM;
		goto out;
	}
	if (key && cache_get(path, key, out, why)) {
		log_debug("accelerator: %s, because %s (remembered in %s)", accel__name(*out), *why,
			  path);
		goto out;
	}
	err = try_kvm(probe, &result, why);
	if (err)
		goto out;
	*out = result == TRIAL_WORKS ? ACCEL_KVM : ACCEL_TCG;
	accel__announce(*out, *why);
	if (key && result != TRIAL_UNCLEAR)
		cache_put(cache_dir, path, key, *out, *why);
out:
	free(key);
	free(path);
	return err;
}

/* Asked for by name: what did not work before is tried again, it may have been mended. */
static int settle_kvm(const struct vm_opts *probe, const char *cache_dir, enum accel *out,
		      char **why)
{
	char *path = cache_path(cache_dir), *key = cache_key(probe->qemu);
	enum trial result = TRIAL_WORKS;
	int err = path ? 0 : -ENOMEM;

	if (!err && !(key && cache_get(path, key, out, why) && *out == ACCEL_KVM)) {
		free(*why);
		*why = NULL;
		err = try_kvm(probe, &result, why);
		if (!err && key && result == TRIAL_WORKS)
			cache_put(cache_dir, path, key, ACCEL_KVM, *why);
	}
	*out = ACCEL_KVM;
	if (!err && result != TRIAL_WORKS) {
		log_err("--accel kvm: %s; use --accel tcg", *why);
		err = -ENODEV;
	}
	free(key);
	free(path);
	return err;
}

int accel__settle(enum accel wanted, const struct vm_opts *probe, const char *cache_dir,
		  enum accel *out, char **why)
{
	int err = 0;

	*why = NULL;
	*out = wanted;
	if (wanted == ACCEL_AUTO)
		err = settle_auto(probe, cache_dir, out, why);
	else if (wanted == ACCEL_KVM)
		err = settle_kvm(probe, cache_dir, out, why);
	else if (!(*why = strdup("it was asked for")))
		err = -ENOMEM;
	if (err) {
		free(*why);
		*why = NULL;
	}
	return err;
}
