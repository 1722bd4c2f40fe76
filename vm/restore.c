// SPDX-License-Identifier: GPL-2.0-only
#include "vm/restore.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/str.h"
#include "vm/qmp.h"
#include "vm/snapshot.h"
#include "vm/vm.h"
#include "wire/event.h"

#define SAVE_MS	    60000
#define ENTROPY	    64 /* bytes */
#define CLOCK_OFF_S 60 /* between the host's clock and the guest's answer */

struct renewal {
	char nonce[2 * 8 + 1];
	int64_t time_ns;
	char *trouble; /* what the guest, or the answer, says went wrong */
};

static int64_t time_of_day_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return now.tv_sec * 1000000000ll + now.tv_nsec;
}

static int on_renewed(void *ctx, const json_t *event)
{
	struct renewal *r = ctx;
	const char *type = wire_type(event), *nonce = "", *reason = NULL;
	int64_t time_ns = 0;

	if (!type || strcmp(type, "renewed") != 0)
		return 0;
	wire_str(event, "nonce", &nonce);
	if (strcmp(nonce, r->nonce) != 0)
		return 0; /* the answer to another one */
	if (wire_str(event, "reason", &reason) || wire_int(event, "time_ns", &time_ns))
		r->trouble = strdup("the guest's answer is not whole");
	else if (*reason)
		r->trouble = strdup(reason);
	else if (time_ns < r->time_ns || time_ns > r->time_ns + CLOCK_OFF_S * 1000000000ll)
		r->trouble = strdup("the guest's clock is not the host's");
	return 1;
}

static json_t *renew_job(struct renewal *r)
{
	unsigned char random[ENTROPY], nonce[8];
	json_t *job;
	char *text;

	if (getrandom(random, sizeof(random), 0) != (ssize_t)sizeof(random) ||
	    getrandom(nonce, sizeof(nonce), 0) != (ssize_t)sizeof(nonce))
		return NULL;
	for (size_t i = 0; i < sizeof(nonce); i++)
		snprintf(r->nonce + 2 * i, 3, "%02x", nonce[i]);
	r->time_ns = time_of_day_ns();
	text = base64__encode(random, sizeof(random));
	job = text ? json_pack("{s:s, s:s, s:I, s:s}", "job", "renew", "nonce", r->nonce, "time_ns",
			       (json_int_t)r->time_ns, "entropy", text)
		   : NULL;
	free(text);
	return job;
}

/* After it the guest waits for a job, and has nothing more to say. */
static int renew(struct vm *vm, int timeout_ms, struct vm_outcome *o)
{
	struct renewal r = { 0 };
	int err = vm__send(vm, renew_job(&r));

	if (err) {
		*o = (struct vm_outcome){
			.end = VM_FAILED,
			.detail = str_fmt("the guest takes no job: %s", strerror(-err)),
		};
		return 0;
	}
	vm__pump(vm, timeout_ms, on_renewed, &r, o);
	if (o->end == VM_DONE && r.trouble) {
		o->end = VM_FAILED;
		o->detail = str_fmt("the guest could not renew itself: %s", r.trouble);
	}
	free(r.trouble);
	return 0;
}

int snapshot__take(struct vm *vm, int cancel_fd, struct snapshot *out, char **why)
{
	int fd = vm__take_qmp_fd(vm), err;
	struct vm_outcome o = { 0 };
	struct qmp *q = NULL;

	*why = NULL;
	snapshot__init(out);
	if (fd < 0)
		return -EINVAL;
	renew(vm, RESTORE_MS, &o);
	if (o.end != VM_DONE || o.splat != SPLAT_NONE) {
		*why = strdup(o.detail ? o.detail : "there is trouble on its console");
		vm_outcome__release(&o);
		close(fd);
		return -EIO;
	}
	out->fd = memfd_create("assay-snapshot", MFD_CLOEXEC);
	err = out->fd < 0 ? -errno : 0;
	if (err)
		close(fd);
	else
		err = qmp__open(fd, cancel_fd, &q);
	if (!err)
		err = qmp__migrate(q, out->fd, SAVE_MS);
	if (!err)
		err = vm__console_text(vm, &out->console, &out->console_len);
	if (!err)
		out->hello = json_incref((json_t *)vm__hello(vm));
	if (err) {
		*why = str_fmt("%s", q && *qmp__why(q) ? qmp__why(q) : strerror(-err));
		snapshot__release(out);
	}
	/* Nobody hears what it says to that. */
	if (q)
		qmp__quit(q);
	qmp__free(q);
	return err;
}

int snapshot__restore(const struct snapshot *s, const struct vm_opts *opts, struct vm **out,
		      struct vm_outcome *o)
{
	struct vm_opts restored = *opts;
	struct vm *vm = NULL;
	int err;

	*out = NULL;
	memset(o, 0, sizeof(*o));
	restored.console_before = s->console;
	restored.console_before_len = s->console_len;
	restored.state_fd = snapshot__open(s);
	if (restored.state_fd < 0)
		return restored.state_fd;
	err = vm__start(&restored, &vm);
	close(restored.state_fd);
	if (err)
		return err;
	vm__set_hello(vm, json_incref(s->hello));
	err = renew(vm,
		    opts->boot_timeout_ms > 0 && opts->boot_timeout_ms < RESTORE_MS
			    ? opts->boot_timeout_ms
			    : RESTORE_MS,
		    o);
	if (err || o->end != VM_DONE)
		vm__kill(vm);
	else
		*out = vm;
	return err;
}
