/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_VM_DISK_H
#define ASSAY_VM_DISK_H

/* Makes an empty ext4 file system for one boot of a guest, in memory: what the guest writes there
 * is gone with it, and no other run sees it. *fd is the caller's to close once QEMU has opened
 * *path (caller frees), which leads to it as long as it is open and we live. 0 or -errno, logged.
 */
int disk__make(unsigned int size_mb, int *fd, char **path);

#endif
