/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_VM_QMP_H
#define ASSAY_VM_QMP_H

#include <jansson.h>

/* QEMU's monitor: JSON objects over a socket that QEMU inherited. Method: QEMU's
 * docs/interop/qmp-spec.rst and qapi/migration.json. */
struct qmp;

/* Takes fd over (also on failure): reads the greeting and leaves the negotiation behind. 0 or
 * -errno, silently. cancel_fd: or -1. */
int qmp__open(int fd, int cancel_fd, struct qmp **out);
void qmp__free(struct qmp *q); /* closes the socket; NULL is fine */

/* Every command waits this long for its answer (ms); events that come meanwhile are kept. Returns 0
 * and the answer in *ret (caller decrefs; ret may be NULL), -EREMOTEIO when QEMU refuses
 * (qmp__why says why), -ETIMEDOUT, -EINTR when cancelled, -EPIPE when QEMU is gone, -EBADMSG. args
 * is stolen and may be NULL. */
int qmp__call(struct qmp *q, const char *command, json_t *args, int timeout_ms, json_t **ret);
/* Passes a descriptor on, under a name for other commands. */
int qmp__give_fd(struct qmp *q, const char *name, int fd, int timeout_ms);
/* What was refused last, in QEMU's words; "" for nothing. */
const char *qmp__why(const struct qmp *q);
/* Whether an event of that name has come since the last call for it. */
int qmp__take_event(struct qmp *q, const char *name);

/* Writes the state of the running guest to fd, a file: its memory, CPUs and devices. The guest
 * runs on until the last moment, so that it runs on once the state is restored; here it stands
 * still afterwards. 0 or as qmp__call. */
int qmp__migrate(struct qmp *q, int fd, int timeout_ms);
int qmp__quit(struct qmp *q);

#endif
