/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A tensor of a .tflite file: int8, int32 or float32, at most four dimensions, all known.
 */
#include <errno.h>
#include <math.h>

#include "bench/model/tflite.h"

enum { /* slots */
       TENSOR_SHAPE = 0,
       TENSOR_TYPE = 1,
       TENSOR_BUFFER = 2,
       TENSOR_NAME = 3,
       TENSOR_QUANTISATION = 4,
       TENSOR_VARIABLE = 5,
       TENSOR_SPARSITY = 6,
       TENSOR_SIGNATURE = 7,
       QUANTISATION_SCALE = 2,
       QUANTISATION_ZERO_POINT = 3,
       QUANTISATION_DETAILS_TYPE = 4,
       QUANTISATION_DIMENSION = 6,
       BUFFER_DATA = 0,
       BUFFER_OFFSET = 1,
       BUFFER_SIZE = 2,
};

/* Names of enum TensorType, for messages. */
static const char *const type_names[] = {
	"float32", "float16",   "int32",  "uint8",   "int64",      "string", "bool",
	"int16",   "complex64", "int8",   "float64", "complex128", "uint64", "resource",
	"variant", "uint32",    "uint16", "int4",    "bfloat16",
};

const char *graph_type_name(int64_t type)
{
	int64_t names = (int64_t)(sizeof(type_names) / sizeof(type_names[0]));

	return type >= 0 && type < names ? type_names[type] : "unknown";
}

int tflite_fault(const struct tflite *model, struct err *err)
{
	return err_set(err, -EINVAL, "%s", model->file.fault);
}

static int shape_read(struct tflite *model, const struct flatbuffer_table *table,
		      struct graph_tensor *tensor, struct err *err)
{
	struct flatbuffer_vector shape = flatbuffer_vector(&model->file, table, TENSOR_SHAPE, 4);
	struct flatbuffer_vector signature =
		flatbuffer_vector(&model->file, table, TENSOR_SIGNATURE, 4);
	uint64_t elements = 1;

	if (shape.count > GRAPH_RANK_MAX)
		return err_set(err, -EINVAL, "rank %u: at most %d is supported", shape.count,
			       GRAPH_RANK_MAX);
	if (signature.count != 0 && signature.count != shape.count)
		return err_set(err, -EINVAL, "shape and shape signature differ in rank");
	tensor->rank = shape.count;
	for (uint32_t i = 0; i < shape.count; i++) {
		int32_t size = flatbuffer_i32_at(&model->file, &shape, i);
		/* The batch may be open: shape then says what it is unless somebody resizes. */
		bool open = i > 0 && signature.count &&
			    flatbuffer_i32_at(&model->file, &signature, i) < 0;

		if (size < 1 || open)
			return err_set(err, -EINVAL,
				       "dynamic shapes are not supported "
				       "(dimension %u is %d)",
				       i, open ? -1 : (int)size);
		elements *= (uint32_t)size;
		if (elements > IMAGE_BYTES_MAX)
			return err_set(err, -EINVAL, "more than %d elements", IMAGE_BYTES_MAX);
		tensor->shape[i] = (uint32_t)size;
	}
	tensor->elements = (uint32_t)elements;
	return 0;
}

static int type_read(struct tflite *model, const struct flatbuffer_table *table,
		     struct graph_tensor *tensor, struct err *err)
{
	int64_t type = flatbuffer_i8(&model->file, table, TENSOR_TYPE, 0);

	if (flatbuffer_has(&model->file, table, TENSOR_SPARSITY))
		return err_set(err, -EINVAL, "sparse tensors are not supported");
	if (flatbuffer_u8(&model->file, table, TENSOR_VARIABLE, 0))
		return err_set(err, -EINVAL, "variables are not supported");
	if (type != GRAPH_INT8 && type != GRAPH_INT32 && type != GRAPH_FLOAT32)
		return err_set(err, -EINVAL, "type %s is not supported (int8, int32 constants)",
			       graph_type_name(type));
	tensor->type = (enum graph_type)type;
	return 0;
}

static int data_read(struct tflite *model, const struct flatbuffer_table *table,
		     struct graph_tensor *tensor, struct err *err)
{
	int64_t index = flatbuffer_u32(&model->file, table, TENSOR_BUFFER, 0);
	uint32_t bytes = tensor->elements * (tensor->type == GRAPH_INT8 ? 1 : 4);
	struct flatbuffer_table buffer;
	struct flatbuffer_vector data;

	if (index >= model->buffers.count)
		return err_set(err, -EINVAL, "buffer %lld of %u", (long long)index,
			       model->buffers.count);
	buffer = flatbuffer_table_at(&model->file, &model->buffers, (uint32_t)index);
	if (flatbuffer_has(&model->file, &buffer, BUFFER_OFFSET) ||
	    flatbuffer_has(&model->file, &buffer, BUFFER_SIZE))
		return err_set(err, -EINVAL, "data outside the FlatBuffer is not supported");
	data = flatbuffer_vector(&model->file, &buffer, BUFFER_DATA, 1);
	if (data.count == 0)
		return 0;
	if (data.count != bytes)
		return err_set(err, -EINVAL, "%u bytes of data for a shape of %u", data.count,
			       bytes);
	tensor->data = model->file.bytes + data.position;
	return 0;
}

static int scales_check(struct tflite *model, const struct flatbuffer_vector *zero_points,
			const struct graph_tensor *tensor, struct err *err)
{
	for (uint32_t i = 0; i < tensor->scale_count; i++) {
		float scale = flatbuffer_load_f32(tensor->scales + (size_t)i * 4);
		int64_t zero = flatbuffer_i64_at(&model->file, zero_points, i);

		if (!isfinite(scale) || scale <= 0)
			return err_set(err, -EINVAL, "scale %g", (double)scale);
		if (zero < -128 || zero > 127)
			return err_set(err, -EINVAL, "zero point %lld is outside -128 .. 127",
				       (long long)zero);
		if (zero != 0 && tensor->scale_count > 1)
			return err_set(err, -EINVAL, "zero point %lld with per-channel scales",
				       (long long)zero);
	}
	return 0;
}

static int quantisation_read(struct tflite *model, const struct flatbuffer_table *table,
			     struct graph_tensor *tensor, struct err *err)
{
	struct flatbuffer *file = &model->file;
	struct flatbuffer_table from = flatbuffer_table(file, table, TENSOR_QUANTISATION);
	struct flatbuffer_vector scales = flatbuffer_vector(file, &from, QUANTISATION_SCALE, 4);
	struct flatbuffer_vector zeros = flatbuffer_vector(file, &from, QUANTISATION_ZERO_POINT, 8);
	int64_t dimension = flatbuffer_i32(file, &from, QUANTISATION_DIMENSION, 0);

	if (flatbuffer_u8(file, &from, QUANTISATION_DETAILS_TYPE, 0) != 0)
		return err_set(err, -EINVAL, "custom quantisation is not supported");
	if (scales.count == 0)
		return 0;
	if (zeros.count != scales.count)
		return err_set(err, -EINVAL, "%u scales, %u zero points", scales.count,
			       zeros.count);
	if (scales.count > 1 && (dimension < 0 || dimension >= tensor->rank ||
				 tensor->shape[dimension] != scales.count))
		return err_set(err, -EINVAL, "per-channel scales: %u for %u channels", scales.count,
			       dimension >= 0 && dimension < tensor->rank ? tensor->shape[dimension]
									  : 0);
	tensor->scale_count = scales.count;
	tensor->scales = file->bytes + scales.position;
	tensor->scale_dimension = (uint32_t)dimension;
	tensor->zero_point = 0;
	if (scales_check(model, &zeros, tensor, err))
		return -EINVAL;
	tensor->zero_point = (int32_t)flatbuffer_i64_at(file, &zeros, 0);
	return 0;
}

int tflite_tensor_read(struct tflite *model, uint32_t index, struct graph_tensor *tensor,
		       struct err *err)
{
	struct flatbuffer_table table = flatbuffer_table_at(&model->file, &model->tensors, index);
	int error = shape_read(model, &table, tensor, err);

	error = error ? error : type_read(model, &table, tensor, err);
	error = error ? error : data_read(model, &table, tensor, err);
	error = error ? error : quantisation_read(model, &table, tensor, err);
	flatbuffer_string_check(&model->file, &table, TENSOR_NAME);
	if (flatbuffer_failed(&model->file))
		return tflite_fault(model, err);
	return error;
}
