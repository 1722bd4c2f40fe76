// SPDX-License-Identifier: GPL-2.0-only
/* Every source of cases/, and what each clang makes of it: as found with clang 13, 14, 15, 16, 19
 * and 22. Ranges are open towards compilers that were not there. */
#include "compile.h"

const struct compile_case compile_cases[] = {
	/* The first: where it fails, no other is tried with that instruction set. */
	{ .name = "mcpu", .every_cpu = true },

	{ .name = "signed-div", .every_cpu = true },
	{ .name = "signed-div-variable", .every_cpu = true },
	{ .name = "signed-mod", .every_cpu = true },
	{ .name = "signed-div-shift", .every_cpu = true },
	{ .name = "unsigned-div", .every_cpu = true },
	{ .name = "signed-div-by-hand" },

	{ .name = "stack-520" },
	{ .name = "stack-512" },
	{ .name = "stack-511" },

	{ .name = "zeroed-2000" },
	{ .name = "zeroed-504" },
	{ .name = "memset-1032" },
	{ .name = "memset-1024" },

	{ .name = "memcmp-dynamic", .open = true },
	{ .name = "memcmp-16", .open = true },
	{ .name = "memcmp-4", .open = true },
	{ .name = "strstr-dynamic", .open = true },
	{ .name = "strstr-constant", .open = true },

	{ .name = "dynamic-size" },
	{ .name = "fixed-size" },

	{ .name = "asm-goto-called" },
	{ .name = "asm-flag-output" },
	{ .name = "asm-goto-unused" },
	{ .name = "asm-goto-bpf" },

	{ .name = "ptregs-di" },
	{ .name = "ptregs-mixed" },
	{ .name = "ptregs-rdi" },
	{ .name = "ptregs-macro" },
	{ .name = "ptregs-kernel" },

	{ .name = "asm-types-missing", .file = "asm-types", .no_arch = true },
	{ .name = "asm-types" },

	{ .name = "new-builtin" },
	{ .name = "preserve-access-index" },
};
const size_t nr_compile_cases = sizeof(compile_cases) / sizeof(compile_cases[0]);

/* Up to 16 clang printed the node of its graph that it could not select, and gave up on itself. */
#define SDIV_OLD                                                     \
	"^Unsupport signed division for DAG: 0x[.]+: i64 = sdiv .*," \
	" signed-[a-z-]+\\.c:[0-9:]+Please convert to unsigned div/mod\\.$"
#define SDIV "^unsupported signed division, please convert to unsigned div/mod\\.$"

#define STACK_MOVE "Please move large on stack variables into BPF per-cpu array map\\."
#define STACK_OLD  "^Looks like the BPF stack limit of 512 bytes is exceeded\\. " STACK_MOVE "$"
#define STACK                                                        \
	"^Looks like the BPF stack limit is exceeded\\. " STACK_MOVE \
	" For non-kernel uses, the stack can be increased using -mllvm -bpf-stack-size\\.$"

#define BUILTIN(name) "^A call to built-in function '" name "' is not supported\\.$"
#define NO_DI	      "^no member named 'di' in 'struct pt_regs'$"
#define OLD_CPUS      "v1 v2 v3"

#define ABOUT(which, low, high, set) .name = (which), .from = (low), .below = (high), .cpus = (set)
#define PASSES(which, low, high, set, ...)                                       \
	{                                                                        \
		ABOUT(which, low, high, set), .outcome = COMPILES, ##__VA_ARGS__ \
	}
#define FAILS(which, low, high, set, how, text)                                   \
	{                                                                         \
		ABOUT(which, low, high, set), .outcome = (how), .message = (text) \
	}

/* A function is called that is not there. */
#define REFUSES(which, low, high, function)                                                     \
	{                                                                                       \
		ABOUT(which, low, high, NULL),                                                  \
			.outcome = REFUSED, .has = "call",                                      \
			.message = "^libbpf: failed to find BTF for extern '" function "': -2$" \
	}

const struct compile_expect compile_expects[] = {
	PASSES("mcpu", 0, 0, OLD_CPUS),
	FAILS("mcpu", 0, 18, "v4", ERROR, "^unknown target CPU 'v4'$"),
	PASSES("mcpu", 18, 0, "v4"),

	/* Instruction set v4 has sdiv and smod. */
	FAILS("signed-div", 0, 18, NULL, CRASHES, SDIV_OLD),
	FAILS("signed-div", 18, 0, OLD_CPUS, ERROR, SDIV),
	PASSES("signed-div", 18, 0, "v4", .has = "sdiv"),
	FAILS("signed-div-variable", 0, 18, NULL, CRASHES, SDIV_OLD),
	FAILS("signed-div-variable", 18, 0, OLD_CPUS, ERROR, SDIV),
	PASSES("signed-div-variable", 18, 0, "v4", .has = "sdiv"),
	FAILS("signed-mod", 0, 18, NULL, CRASHES, SDIV_OLD),
	FAILS("signed-mod", 18, 0, OLD_CPUS, ERROR, SDIV),
	PASSES("signed-mod", 18, 0, "v4", .has = "smod"),
	FAILS("signed-div-shift", 0, 18, NULL, CRASHES, SDIV_OLD),
	FAILS("signed-div-shift", 18, 20, OLD_CPUS, ERROR, SDIV),
	PASSES("signed-div-shift", 18, 20, "v4", .has = "sdiv"),
	PASSES("signed-div-shift", 20, 0, NULL, .has = "arsh", .lacks = "sdiv"),
	PASSES("unsigned-div", 0, 0, NULL, .has = "udiv", .lacks = "sdiv"),
	PASSES("signed-div-by-hand", 0, 0, NULL, .has = "udiv", .lacks = "sdiv"),

	FAILS("stack-520", 0, 18, NULL, ERROR, STACK_OLD),
	FAILS("stack-520", 18, 0, NULL, ERROR, STACK),
	FAILS("stack-512", 0, 18, NULL, ERROR, STACK_OLD),
	FAILS("stack-512", 18, 0, NULL, ERROR, STACK),
	PASSES("stack-511", 0, 0, NULL),

	FAILS("zeroed-2000", 0, 0, NULL, ERROR, BUILTIN("memset")),
	PASSES("zeroed-504", 0, 0, NULL, .lacks = "call"),
	FAILS("memset-1032", 0, 0, NULL, ERROR, BUILTIN("memset")),
	PASSES("memset-1024", 0, 0, NULL, .lacks = "call"),

	REFUSES("memcmp-dynamic", 0, 0, "memcmp"),
	REFUSES("memcmp-16", 0, 15, "memcmp"),
	PASSES("memcmp-16", 15, 0, NULL, .lacks = "call"),
	PASSES("memcmp-4", 0, 0, NULL, .lacks = "call"),
	REFUSES("strstr-dynamic", 0, 0, "strstr"),
	PASSES("strstr-constant", 0, 0, NULL, .lacks = "call"),

	FAILS("dynamic-size", 0, 18, NULL, CRASHES,
	      "^error in backend: Unsupported dynamic stack allocation$"),
	FAILS("dynamic-size", 18, 0, NULL, ERROR, "^unsupported dynamic stack allocation$"),
	PASSES("fixed-size", 0, 0, NULL, .has = "call"),

	FAILS("asm-goto-called", 0, 0, NULL, ERROR, "^invalid register/token name$"),
	FAILS("asm-flag-output", 0, 0, NULL, ERROR, "^invalid output constraint '=@ccc' in asm$"),
	PASSES("asm-goto-unused", 0, 0, NULL),
	PASSES("asm-goto-bpf", 0, 0, NULL, .has = "jeq"),

	FAILS("ptregs-di", 0, 0, NULL, ERROR, NO_DI),
	FAILS("ptregs-mixed", 0, 0, NULL, ERROR, NO_DI),
	PASSES("ptregs-rdi", 0, 0, NULL),
	PASSES("ptregs-macro", 0, 0, NULL),
	PASSES("ptregs-kernel", 0, 0, NULL),

	FAILS("asm-types-missing", 0, 0, NULL, ERROR, "^'asm/types\\.h' file not found$"),
	PASSES("asm-types", 0, 0, NULL),

	FAILS("new-builtin", 0, 17, NULL, ERROR,
	      "^use of unknown builtin '__builtin_nondeterministic_value'"),
	PASSES("new-builtin", 17, 0, NULL),
	PASSES("preserve-access-index", 0, 0, NULL),
};
const size_t nr_compile_expects = sizeof(compile_expects) / sizeof(compile_expects[0]);
