// SPDX-License-Identifier: GPL-2.0-only
#include "rows.h"

#include "guest/experiment.h"

#define NOTES "notes on BPF for tracing a database, 2016"
#define LOG   "activity log of a thesis, "

/* What the old loader did is read off samples/bpf/bpf_load.c, which kernels have until 5.10. */
const struct row verifier_errors__rows[] = {
	{ .id = "E3",
	  .title = "invalid indirect read from stack off -150+0 size 5",
	  .origin = NOTES,
	  .cause = "a helper is to read stack that the program has not written: an array, members "
		   "or the padding of a struct, an argument that is set on one way only. 'off -8+1 "
		   "size 6' is byte 1 of 6. Naming all members in an initialiser leaves the "
		   "padding unwritten. Since 6.3, 5.10.222 and 6.1.100 a privileged program may do "
		   "it; 5.10.262 refuses it still where nothing at all was written to that part of "
		   "the stack, and every kernel refuses it to an unprivileged one. Kernels from "
		   "5.12 and 5.10.33 on name the register: 'from stack R2 off'",
	  .fix = "= { 0 }, or memset where the struct has padding, before the first assignment",
	  .shows = "array_not_initialised struct_not_initialised argument_not_initialised "
		   "padding_in_key padding_named_members padding_in_output half_a_key",
	  .passes = "array_initialised struct_initialised argument_initialised padding_zeroed "
		    "a_whole_key" },
	{ .id = "E4",
	  .title = "!read_ok",
	  .origin = NOTES,
	  .cause = "not the stack, as the notes have it, but a register that was never written on "
		   "that way: a variable without a value whose address nobody takes "
		   "(pointer_not_initialised, in C; clang warns of it). Helpers leave R1 to R5 "
		   "without a value, and a program that returns nothing ends with R0 unwritten",
	  .fix = "initialise the variable; keep over a call what is needed in R6 to R9",
	  .shows = "pointer_not_initialised register_not_written register_lost_in_call "
		   "nothing_returned",
	  .passes = "pointer_initialised register_written register_kept_over_call zero_returned" },
	{ .id = "E5",
	  .title = "invalid mem access 'inv'",
	  .origin = NOTES ", and " LOG "2020",
	  .cause = "the verifier follows pointers that it gave out itself; an address that came as "
		   "a number, from a helper or a map, is none. The type's name is 'inv' until 5.17 "
		   "and 'scalar' since 5.18",
	  .fix = "bpf_probe_read_kernel",
	  .shows = "task_dereferenced stored_pointer_dereferenced",
	  .passes = "task_probe_read stored_pointer_probe_read" },
	{ .id = "E7",
	  .title = "__builtin_memcmp and __builtin_strstr fail in the verification stage (when "
		   "loaded)",
	  .origin = NOTES,
	  .cause = "the notes quote no message; there are two. A comparison that clang writes out, "
		   "such as four bytes with clang 14, is held to the rules for memory: on the "
		   "probed function's argument it is E5. For 32 bytes, and for strstr, clang "
		   "leaves a call of a function that nobody has: it says nothing, and libbpf "
		   "refuses the object with ENOENT",
	  .fix = "compare a copy; and a loop, bounded or unrolled, or bpf_strncmp (5.17): see "
		 "loops",
	  .shows = "memcmp_on_argument builtin_memcmp builtin_strstr",
	  .passes = "memcmp_on_copy" },
	{ .id = "E9",
	  .title = "R0 invalid mem access 'map_value_or_null'",
	  .origin = LOG "7 January 2020, kernel 4.15",
	  .cause = "a map lookup may give NULL, and the result is used unchecked",
	  .fix = "if (!value) return 0; before the first use",
	  .shows = "lookup_not_checked",
	  .passes = "lookup_checked" },
	{ .id = "E10",
	  .title = "invalid access to map value, value_size=4 off=0 size=8; R0 min value is "
		   "outside of the array range",
	  .origin = LOG "7 January 2020, kernel 4.15",
	  .cause = "the map's value has four bytes and eight are read. The second line names the "
		   "register and now reads 'outside of the allowed memory range'",
	  .fix = "the type that the map was declared with",
	  .shows = "u32_read_as_u64",
	  .passes = "u32_read_as_u32" },
	{ .id = "E11",
	  .title = "R4 invalid mem access 'inv'",
	  .origin = LOG "22 January 2020",
	  .cause = "an argument of the probed function is read from pt_regs and dereferenced. It "
		   "is a valid address, here of the kernel's buffer; to the verifier it is a "
		   "number, as in E5. Which register it is, is the compiler's choice",
	  .fix = "bpf_probe_read_kernel, for a pointer of user space bpf_probe_read_user",
	  .shows = "buffer_dereferenced",
	  .passes = "buffer_probe_read" },
	{ .id = "E12",
	  .title = "invalid relo for insn[131].code 0x85; jump out of range from insn 53 to 151",
	  .origin = LOG "27 February 2020",
	  .cause = "a kernel function is called that is no helper. The first line is the old "
		   "loader's, which went on all the same; it left 'call -1', a call of the "
		   "instruction itself, and so the verifier has a function begin there and every "
		   "jump across it leave its function. libbpf refuses the object (ENOENT). "
		   "Declared with __ksym it is looked up in the kernel's BTF, where an inline "
		   "function such as kstrtol is missing (EINVAL); one that is there is then "
		   "refused by the verifier: 5.10 knows no such calls ('BPF_CALL uses reserved "
		   "fields'), 6.1 only those of registered functions",
	  .fix = "a helper, such as bpf_strtol",
	  .shows = "extern_call ksym_missing ksym_call call_not_relocated "
		   "call_not_relocated_straight call_beyond_the_end jump_beyond_the_end",
	  .passes = "calls_helper call_of_a_function" },
	{ .id = "E14",
	  .title = "R1 type=map_ptr expected=fp",
	  .origin = LOG "29 February 2020",
	  .cause = "the helper wants memory and gets a map. In the source it was a string literal: "
		   "the old loader compared a relocation's offset alone with those of the maps, "
		   "and the offset of a first literal, 0, is that of the first map. libbpf puts "
		   "literals into a map of constants, whose values may be given to helpers. The "
		   "list behind 'fp' has grown with the kernel",
	  .fix = "a text on the stack, or libbpf",
	  .shows = "map_given_as_text",
	  .passes = "text_on_stack text_literal" },
	{ .id = "E16",
	  .title = "invalid relo for insn[5] no map_data match; fd 0 is not pointing to valid "
		   "bpf_map",
	  .origin = LOG "7 and 13 March 2020",
	  .cause = "the old loader found no map for a relocation, but had marked the instruction "
		   "as one with a map's descriptor before, and went on: the descriptor is 0. "
		   "EINVAL where descriptor 0 is another file, EBADF where the descriptor is not "
		   "open. Without the mark it is a number where a map is expected. libbpf from "
		   "1.0 on refuses maps in the section 'maps' as a whole (EOPNOTSUPP)",
	  .fix = "maps in the section '.maps', loaded by libbpf",
	  .shows = "map_fd_0 map_fd_closed map_not_relocated legacy_map",
	  .passes = "map_fd_right lookup_checked" },
	{ .id = "E21",
	  .title = "BPF stack limit of 512 bytes exceeded (the verifier's messages)",
	  .origin = LOG "4 and 10 April 2020",
	  .cause = "the verifier counts what is written, not what is declared: -520 is out of one "
		   "frame ('invalid write to stack', until 5.10.32 and 5.11 'invalid stack "
		   "off=-520 size=8'), and frames of 32, 256 and 256 bytes in a chain of calls "
		   "make 544, each rounded up to 32. 6.12 with the JIT rounds up to 16 and counts "
		   "nothing for a function that writes nothing: the chain is 512 there",
	  .fix = "a value of a per-CPU array",
	  .shows = "frame_of_520 frames_of_544",
	  .passes = "frame_of_512 frames_of_512" },
	{ .id = "E24",
	  .title = "program not found, or load fails with errno 0: \\tracepoint",
	  .origin = LOG "6 and 7 January 2020",
	  .cause = "a slip in the section's name, where \\t is a tab. The old loader passed over "
		   "sections whose names it did not know, so that nothing failed and nothing was "
		   "loaded. libbpf 1.1 opens the object, knows no type for the program and says "
		   "'missing BPF prog type' (EINVAL) when it is loaded",
	  .fix = "SEC(\"tracepoint/...\"), without the backslash",
	  .shows = "section_tab section_backslash",
	  .passes = "section_right" },
	{ .id = "T",
	  .title = "a loader that hides the verifier's log",
	  .origin = LOG "2020",
	  .cause = "the log is printed only where the loader asks for it. assay loads every "
		   "program once more with the whole log, and keeps it for those that are "
		   "accepted as well: the message below is its line, `assay show RUN "
		   "verifier-errors register_lost_in_call --log` prints all of it with the "
		   "disassembly beside it",
	  .shows = "register_not_written register_lost_in_call",
	  .passes = "register_kept_over_call" },
	{ 0 },
};
