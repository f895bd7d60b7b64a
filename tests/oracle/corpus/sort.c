/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Corpus: sorting by several methods, recursion, a heap, linked lists.
 */
#include "tests/oracle/corpus/corpus.h"

#define COUNT 300u

static int32_t values[COUNT];

static void fill(void)
{
	for (unsigned i = 0; i < COUNT; i++)
		values[i] = (int32_t)next_random() >> (i % 20);
}

static void show(void)
{
	uint32_t sum = 0;

	for (unsigned i = 0; i < COUNT; i++)
		sum = sum * 31 + (uint32_t)values[i];
	emit(sum);
	emit((uint32_t)values[0]);
	emit((uint32_t)values[COUNT - 1]);
}

static void swap(int32_t *x, int32_t *y)
{
	int32_t kept = *x;

	*x = *y;
	*y = kept;
}

static void quick_sort(int32_t *from, int32_t *to)
{
	int32_t *low = from, *high = to, pivot;

	if (to - from < 1)
		return;
	pivot = from[(to - from) / 2];
	while (low <= high) {
		while (*low < pivot)
			low++;
		while (*high > pivot)
			high--;
		if (low <= high)
			swap(low++, high--);
	}
	quick_sort(from, high);
	quick_sort(low, to);
}

static void sift(int32_t *heap, unsigned root, unsigned count)
{
	for (unsigned child; (child = 2 * root + 1) < count; root = child) {
		if (child + 1 < count && heap[child + 1] > heap[child])
			child++;
		if (heap[root] >= heap[child])
			return;
		swap(&heap[root], &heap[child]);
	}
}

static void heap_sort(int32_t *heap, unsigned count)
{
	for (unsigned i = count / 2; i-- > 0;)
		sift(heap, i, count);
	while (count-- > 1) {
		swap(&heap[0], &heap[count]);
		sift(heap, 0, count);
	}
}

static void shell_sort(int32_t *at, unsigned count)
{
	for (unsigned gap = count / 2; gap; gap /= 2)
		for (unsigned i = gap; i < count; i++)
			for (unsigned j = i; j >= gap && at[j - gap] > at[j]; j -= gap)
				swap(&at[j], &at[j - gap]);
}

struct node {
	struct node *next;
	int16_t key;
	uint8_t tag;
};

static struct node *merge(struct node *x, struct node *y)
{
	struct node head, *last = &head;

	while (x && y) {
		struct node **from = x->key <= y->key ? &x : &y;

		last = last->next = *from;
		*from = (*from)->next;
	}
	last->next = x ? x : y;
	return head.next;
}

static struct node *merge_sort(struct node *list, unsigned count)
{
	struct node *middle = list, *second;

	if (count < 2)
		return list;
	for (unsigned i = 1; i < count / 2; i++)
		middle = middle->next;
	second = middle->next;
	middle->next = NULL;
	return merge(merge_sort(list, count / 2), merge_sort(second, count - count / 2));
}

static void sort_list(void)
{
	static struct node nodes[COUNT];

	for (unsigned i = 0; i < COUNT; i++)
		nodes[i] = (struct node){.next = i + 1 < COUNT ? &nodes[i + 1] : NULL,
					 .key = (int16_t)(next_random() % 200),
					 .tag = (uint8_t)i};
	for (struct node *at = merge_sort(nodes, COUNT); at; at = at->next)
		emit((uint32_t)at->key << 8 | at->tag);
}

void program(void)
{
	fill();
	quick_sort(values, values + COUNT - 1);
	show();
	fill();
	heap_sort(values, COUNT);
	show();
	fill();
	shell_sort(values, COUNT);
	show();
	sort_list();
}
