// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
/* Programs that do nothing, at the hooks of the DNS sensor: what counting run time itself costs. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

SEC("cgroup_skb/egress")
int empty_egress(struct __sk_buff *skb)
{
	return 1;
}

SEC("cgroup_skb/ingress")
int empty_ingress(struct __sk_buff *skb)
{
	return 1;
}
