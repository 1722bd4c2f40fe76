/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_GUEST_PORT_H
#define ASSAY_GUEST_PORT_H

#include <stddef.h>
#include <sys/types.h>

/* A virtio-serial port of the VM.
 *
 * Kernels before 6.1 can lose a wake-up of the port's one wait queue when one process polls it
 * while another blocks in write. So one process alone (PID 1) has a port open, never blocks in the
 * driver, and where it has to wait for the host to take data it sleeps and tries again, which
 * needs no wake-up. */

/* Opens the port of that name (as in /sys/class/virtio-ports/.../name), waiting up to timeout_ms
 * for the device to announce it. A non-blocking descriptor or -errno (-ENODEV: no such port). */
int port__open(const char *name, unsigned int timeout_ms);
/* Writes all, waiting for the host as long as it takes. 0 or -errno. */
int port__write(int fd, const void *data, size_t len);
/* Writes what the host takes at once: the number of bytes, 0 when none, or -errno. */
ssize_t port__write_some(int fd, const void *data, size_t len);
/* Reads what is there: the number of bytes, 0 when there is nothing or the host has not connected,
 * or -errno. */
ssize_t port__read_some(int fd, void *data, size_t len);

void nap_us(long us);

#endif
