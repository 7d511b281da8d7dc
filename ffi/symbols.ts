/**
 * The functions of libbpf that the binding calls, as of libbpf 1.1 (bpf/libbpf.h, bpf/bpf.h), C prototype above each.
 *
 * Functions returning `int` answer a negative errno on failure, functions returning a pointer answer NULL and set errno
 * (libbpf 1.0: strict mode is the only mode).
 *
 * @module
 */

/** Symbol table for `Deno.dlopen`. */
export const LIBBPF_SYMBOLS = {
  // __u32 libbpf_major_version(void);
  libbpf_major_version: { parameters: [], result: "u32" },
  // __u32 libbpf_minor_version(void);
  libbpf_minor_version: { parameters: [], result: "u32" },
  // const char *libbpf_version_string(void);
  libbpf_version_string: { parameters: [], result: "pointer" },
  // typedef int (*libbpf_print_fn_t)(enum libbpf_print_level level, const char *, va_list ap);
  // libbpf_print_fn_t libbpf_set_print(libbpf_print_fn_t fn);
  libbpf_set_print: { parameters: ["pointer"], result: "pointer" },
  // int libbpf_num_possible_cpus(void);
  libbpf_num_possible_cpus: { parameters: [], result: "i32" },

  // struct bpf_object *bpf_object__open_mem(const void *obj_buf, size_t obj_buf_sz,
  //                                         const struct bpf_object_open_opts *opts);
  bpf_object__open_mem: { parameters: ["buffer", "usize", "buffer"], result: "pointer" },
  // int bpf_object__load(struct bpf_object *obj);
  bpf_object__load: { parameters: ["pointer"], result: "i32" },
  // void bpf_object__close(struct bpf_object *object);
  bpf_object__close: { parameters: ["pointer"], result: "void" },
  // struct bpf_program *bpf_object__next_program(const struct bpf_object *obj, struct bpf_program *prog);
  bpf_object__next_program: { parameters: ["pointer", "pointer"], result: "pointer" },
  // struct bpf_map *bpf_object__next_map(const struct bpf_object *obj, const struct bpf_map *map);
  bpf_object__next_map: { parameters: ["pointer", "pointer"], result: "pointer" },

  // const char *bpf_program__name(const struct bpf_program *prog);
  bpf_program__name: { parameters: ["pointer"], result: "pointer" },
  // const char *bpf_program__section_name(const struct bpf_program *prog);
  bpf_program__section_name: { parameters: ["pointer"], result: "pointer" },
  // bool bpf_program__autoload(const struct bpf_program *prog);
  bpf_program__autoload: { parameters: ["pointer"], result: "bool" },
  // int bpf_program__set_autoload(struct bpf_program *prog, bool autoload);
  bpf_program__set_autoload: { parameters: ["pointer", "bool"], result: "i32" },
  // int bpf_program__fd(const struct bpf_program *prog);
  bpf_program__fd: { parameters: ["pointer"], result: "i32" },
  // struct bpf_link *bpf_program__attach(const struct bpf_program *prog);
  bpf_program__attach: { parameters: ["pointer"], result: "pointer" },
  // struct bpf_link *bpf_program__attach_cgroup(const struct bpf_program *prog, int cgroup_fd);
  bpf_program__attach_cgroup: { parameters: ["pointer", "i32"], result: "pointer" },
  // struct bpf_link *bpf_program__attach_iter(const struct bpf_program *prog,
  //                                           const struct bpf_iter_attach_opts *opts);
  bpf_program__attach_iter: { parameters: ["pointer", "buffer"], result: "pointer" },
  // struct bpf_link *bpf_program__attach_uprobe_opts(const struct bpf_program *prog, pid_t pid,
  //     const char *binary_path, size_t func_offset, const struct bpf_uprobe_opts *opts);
  bpf_program__attach_uprobe_opts: { parameters: ["pointer", "i32", "buffer", "usize", "buffer"], result: "pointer" },
  // struct bpf_link *bpf_program__attach_perf_event(const struct bpf_program *prog, int pfd);
  bpf_program__attach_perf_event: { parameters: ["pointer", "i32"], result: "pointer" },

  // int bpf_link__fd(const struct bpf_link *link);
  bpf_link__fd: { parameters: ["pointer"], result: "i32" },
  // int bpf_link__destroy(struct bpf_link *link);
  bpf_link__destroy: { parameters: ["pointer"], result: "i32" },

  // const char *bpf_map__name(const struct bpf_map *map);
  bpf_map__name: { parameters: ["pointer"], result: "pointer" },
  // enum bpf_map_type bpf_map__type(const struct bpf_map *map);
  bpf_map__type: { parameters: ["pointer"], result: "u32" },
  // int bpf_map__fd(const struct bpf_map *map);
  bpf_map__fd: { parameters: ["pointer"], result: "i32" },
  // __u32 bpf_map__map_flags(const struct bpf_map *map);
  bpf_map__map_flags: { parameters: ["pointer"], result: "u32" },
  // __u32 bpf_map__key_size(const struct bpf_map *map);
  bpf_map__key_size: { parameters: ["pointer"], result: "u32" },
  // __u32 bpf_map__value_size(const struct bpf_map *map);
  bpf_map__value_size: { parameters: ["pointer"], result: "u32" },
  // __u32 bpf_map__max_entries(const struct bpf_map *map);
  bpf_map__max_entries: { parameters: ["pointer"], result: "u32" },
  // int bpf_map__set_max_entries(struct bpf_map *map, __u32 max_entries);
  bpf_map__set_max_entries: { parameters: ["pointer", "u32"], result: "i32" },
  // int bpf_map__set_autocreate(struct bpf_map *map, bool autocreate);
  bpf_map__set_autocreate: { parameters: ["pointer", "bool"], result: "i32" },
  // int bpf_map__reuse_fd(struct bpf_map *map, int fd);
  bpf_map__reuse_fd: { parameters: ["pointer", "i32"], result: "i32" },
  // const void *bpf_map__initial_value(struct bpf_map *map, size_t *psize);
  bpf_map__initial_value: { parameters: ["pointer", "buffer"], result: "pointer" },
  // int bpf_map__lookup_elem(const struct bpf_map *map, const void *key, size_t key_sz,
  //                          void *value, size_t value_sz, __u64 flags);
  bpf_map__lookup_elem: { parameters: ["pointer", "buffer", "usize", "buffer", "usize", "u64"], result: "i32" },
  // int bpf_map__update_elem(const struct bpf_map *map, const void *key, size_t key_sz,
  //                          const void *value, size_t value_sz, __u64 flags);
  bpf_map__update_elem: { parameters: ["pointer", "buffer", "usize", "buffer", "usize", "u64"], result: "i32" },
  // int bpf_map__delete_elem(const struct bpf_map *map, const void *key, size_t key_sz, __u64 flags);
  bpf_map__delete_elem: { parameters: ["pointer", "buffer", "usize", "u64"], result: "i32" },
  // int bpf_map__get_next_key(const struct bpf_map *map, const void *cur_key, void *next_key, size_t key_sz);
  bpf_map__get_next_key: { parameters: ["pointer", "buffer", "buffer", "usize"], result: "i32" },

  // int bpf_iter_create(int link_fd);
  bpf_iter_create: { parameters: ["i32"], result: "i32" },
  // int bpf_obj_get_info_by_fd(int bpf_fd, void *info, __u32 *info_len);
  bpf_obj_get_info_by_fd: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
  // int bpf_prog_test_run_opts(int prog_fd, struct bpf_test_run_opts *opts);
  bpf_prog_test_run_opts: { parameters: ["i32", "buffer"], result: "i32" },
  // int bpf_enable_stats(enum bpf_stats_type type);
  bpf_enable_stats: { parameters: ["u32"], result: "i32" },
} as const satisfies Deno.ForeignLibraryInterface;

/** The opened functions of {@linkcode LIBBPF_SYMBOLS}. */
export type LibbpfSymbols = Deno.DynamicLibrary<typeof LIBBPF_SYMBOLS>["symbols"];
