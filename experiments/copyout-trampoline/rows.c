// SPDX-License-Identifier: GPL-2.0-only
#include "rows.h"

#include "guest/experiment.h"

const struct row copyout_trampoline__rows[] = {
	{ .id = "X21",
	  .title = "fentry, fexit and fmod_ret on copyout and on a function of a driver",
	  .origin = "activity log of a thesis, 27 May and 17 to 21 June 2020",
	  .cause = "they need an ftrace entry in the function; then every call is seen, "
		   "and fmod_ret skips the body and fexit sees the modified value. With "
		   "fentry, fmod_ret and fexit on it they run in this order (5.10.218, "
		   "5.10.262, 6.1.192)",
	  .shows = "*" },
	{ .id = "E37",
	  .title = "copyout_bpf is not found in vmlinux BTF",
	  .origin = "activity log of a thesis, 14 June 2020",
	  .cause = "BTF has no function of that name: it is inlined, static and "
		   "dropped, or the kernel was built without the patch",
	  .fix = "a global function that is not inlined",
	  .shows = "missing_target fentry_plain",
	  .passes = "attach_fentry_ftrace" },
	{ .id = "E45",
	  .title = "fentry, fexit or fmod_ret program loads and never fires",
	  .origin = "activity log of a thesis, 17 and 18 June 2020",
	  .cause = "it was never attached, or the target has no ftrace entry: "
		   "attaching then fails with EBUSY and the loader must say so",
	  .fix = "attach it, and to a function with an ftrace entry",
	  .shows = "never_attached attach_fentry_plain attach_fexit_plain attach_fmod_ret_plain",
	  .passes = "attach_fentry_ftrace attach_fexit_ftrace attach_fmod_ret_ftrace" },
	{ .id = "K2",
	  .title = "the same with and without an ftrace entry",
	  .origin = "findings on kprobes in lib/",
	  .cause = "patch copyout-ftrace: lib/ is built without ftrace entries, so a "
		   "kprobe on copyout_bpf is an int3 or a jump, and one on "
		   "copyout_ftrace an ftrace call",
	  .shows = "attach_fentry_plain attach_fentry_ftrace fentry wrong_variant" },
	{ .id = "K5",
	  .title = "an in-tree driver with error-injectable reads and a function made "
		   "to be modified",
	  .origin = "activity log of a thesis, 1 May and 20 June 2020",
	  .cause = "patch target-driver: /proc/bpf_target, /dev/bpf_target, bpf_target_modify",
	  .shows = "fentry_target fexit_target fmod_ret_target control_target" },
	{ 0 },
};
