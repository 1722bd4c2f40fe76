/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_VM_LOCK_H
#define ASSAY_VM_LOCK_H

/* Takes <cache>/locks/<name>.lock; when another assay holds it, says so (`busy`: what it is doing)
 * and waits, until cancelled. Returns the descriptor (close releases the lock), -EINTR or -errno,
 * logged. */
int lock__take(const char *cache, const char *name, const char *busy, int cancel_fd);
/* The same without waiting, and silently: -EWOULDBLOCK. */
int lock__try(const char *cache, const char *name);

#endif
