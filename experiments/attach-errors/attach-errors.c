// SPDX-License-Identifier: GPL-2.0-only
#include "guest/experiment.h"
#include "session.h"

static int measure(struct exp *e, struct bpf_object *obj)
{
	bool loads;
	int err = attach_errors__btf(e, &loads);

	(void)obj;
	if (!err)
		err = attach_errors__override(e, loads);
	if (!err)
		err = attach_errors__notrace(e);
	return err ? err : attach_errors__module(e, loads);
}

static const struct need needs[] = {
	{ NEED_CONFIG, "CONFIG_BPF_EVENTS", "programs on kprobes" },
	{ NEED_CONFIG, "CONFIG_KPROBE_EVENTS", "kprobes by perf event and tracefs" },
	{ NEED_CONFIG, "CONFIG_DYNAMIC_FTRACE", "which functions have an ftrace entry" },
	{ 0 },
};

static const struct row rows[] = {
	{ .id = "E22",
	  .title = "ioctl PERF_EVENT_IOC_SET_BPF failed err Invalid argument",
	  .origin = "activity log of a thesis, 4, 19 and 21 March 2020",
	  .cause = "the program calls bpf_override_return, and the kprobe is not at the entry of "
		   "a function on the error-injection list (perf_event_attach_bpf_prog in "
		   "kernel/trace/bpf_trace.c, 5.10 and 6.1); it is the same whether "
		   "perf_event_open or tracefs made the probe. The probe of a function's return "
		   "is taken: the program then changes the result after the body has run. A "
		   "kernel without CONFIG_BPF_KPROBE_OVERRIDE rejects the program when it is "
		   "loaded",
	  .fix = "a function on the list (/sys/kernel/debug/error_injection/list), or "
		 "ALLOW_ERROR_INJECTION in a patched kernel; offset 0; "
		 "CONFIG_BPF_KPROBE_OVERRIDE=y",
	  .shows = "override_not_injectable override_not_at_entry override_no_helper",
	  .passes = "override_entry override_copyout override_retprobe override_helper "
		    "count_not_injectable count_not_at_entry" },
	{ .id = "E23",
	  .title = "trace_kprobe: Could not probe notrace function copy_page_to_iter",
	  .origin = "activity log of a thesis, 5 February 2020, kernel 5.4",
	  .cause = "the function has no ftrace entry anywhere in it, because lib/Makefile takes "
		   "ftrace's flags away from all of lib/, and the kernel was built without "
		   "CONFIG_KPROBE_EVENTS_ON_NOTRACE; kprobe events are then refused with EINVAL, "
		   "those of perf_event_open like those of tracefs (within_notrace_func in "
		   "kernel/trace/trace_kprobe.c, in 5.10 and 6.1)",
	  .fix = "CONFIG_KPROBE_EVENTS_ON_NOTRACE=y, or a function with an ftrace entry "
		 "(available_filter_functions)",
	  .shows = "refused_* functions_without_ftrace_entry",
	  .passes = "probe_*" },
	{ .id = "E35",
	  .title = "failed to find valid kernel BTF; Error loading vmlinux BTF: -3",
	  .origin = "activity log of a thesis, 13 June 2020",
	  .cause = "the kernel was built without CONFIG_DEBUG_INFO_BTF: libbpf finds no "
		   "/sys/kernel/btf/vmlinux and gives up with ESRCH before the kernel is asked; "
		   "the verifier itself says that a program without a BTF target can only hang "
		   "on another program. What wants no BTF of the kernel, a kprobe program, loads "
		   "and runs",
	  .fix = "CONFIG_DEBUG_INFO_BTF=y, with a pahole that fits the kernel; or a kprobe "
		 "program",
	  .shows = "absent_btf_fentry absent_btf_raw_fentry",
	  .passes = "absent_btf_kprobe absent_btf_raw_kprobe valid_btf_fentry" },
	{ .id = "E36",
	  .title = "in-kernel BTF is malformed",
	  .origin = "activity log of a thesis, 14 June 2020",
	  .cause = "the kernel's own check of its BTF fails when the first program is loaded; "
		   "from then on every program is refused with EINVAL, also those that want "
		   "nothing of BTF (bpf_check in kernel/bpf/verifier.c). libbpf only says that "
		   "it can't load a trivial program. BPF_BTF_LOAD of /sys/kernel/btf/vmlinux "
		   "names the type that is wrong. Experiments that load programs are skipped "
		   "on such a kernel, with one line that says so",
	  .fix = "build the kernel with a pahole that fits it",
	  .shows = "damaged_btf_* kernel_btf",
	  .passes = "valid_btf_fentry valid_btf_kprobe valid_btf_raw_kprobe" },
	{ .id = "E39",
	  .title = "a module's function is in kallsyms and not in vmlinux BTF",
	  .origin = "activity log of a thesis, 21 June 2020, kernel 5.7",
	  .cause = "vmlinux's BTF describes vmlinux alone. Modules have BTF of their own since "
		   "5.11 (/sys/kernel/btf/<module>, CONFIG_DEBUG_INFO_BTF_MODULES): libbpf looks "
		   "there, too, and on 6.1 fentry on the module's function runs for each call. "
		   "On 5.10 it is ESRCH from libbpf",
	  .fix = "on 5.10 a kprobe program, or the code built into the kernel; else a kernel "
		 "from 5.11 on",
	  .shows = "module_symbol module_fentry_without_btf",
	  .passes = "module_kprobe module_fentry_with_btf" },
	{ 0 },
};

const struct experiment experiment_attach_errors = {
	.name = "attach-errors",
	.summary = "programs that cannot be attached: override, notrace, BTF absent or damaged, "
		   "modules",
	.rows = rows,
	.needs = needs,
	.timeout_s = 60,
	.measure = measure,
};
