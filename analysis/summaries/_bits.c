/* The two looks at a piece of a column that `bits.py` takes, each in one pass and without Python's lock.

   `bits.py` has the same in numpy, which is used where this could not be compiled. Both give the same numbers to the
   last bit: counts are whole, and sums are added in LANES lanes of a fixed order (see `moments.py`). */

#define PY_SSIZE_T_CLEAN
#define Py_LIMITED_API 0x030B0000
#include <Python.h>
#include <stdint.h>

#define LANES 1024
#define SIDE_BY_SIDE 8 /* least and greatest values are kept so many at a time, so that they fit a vector */
#define MAGNITUDE 0x7fffffff

static void look_for_ends(const double *values, Py_ssize_t size, double *sums, double *low, double *high)
{
    double least[SIDE_BY_SIDE], most[SIDE_BY_SIDE];
    for (int j = 0; j < SIDE_BY_SIDE; j++)
        least[j] = most[j] = values[0];
    Py_ssize_t whole = size / LANES * LANES;
    for (Py_ssize_t start = 0; start < whole; start += LANES) {
        const double *row = values + start;
        for (int k = 0; k < LANES; k += SIDE_BY_SIDE)
            for (int j = 0; j < SIDE_BY_SIDE; j++) {
                double value = row[k + j];
                sums[k + j] += value;
                least[j] = value < least[j] ? value : least[j];
                most[j] = value > most[j] ? value : most[j];
            }
    }
    for (Py_ssize_t i = whole; i < size; i++) {
        double value = values[i];
        sums[i - whole] += value;
        least[0] = value < least[0] ? value : least[0];
        most[0] = value > most[0] ? value : most[0];
    }
    *low = least[0];
    *high = most[0];
    for (int j = 1; j < SIDE_BY_SIDE; j++) {
        *low = least[j] < *low ? least[j] : *low;
        *high = most[j] > *high ? most[j] : *high;
    }
}

/* How many bins a number is above the least one, `low`; the upper half of its bits tells. */
static void find_places(const double *values, int size, int shift, int32_t first, int32_t low, int32_t *places)
{
    for (int j = 0; j < size; j++) {
        union {
            double number;
            int64_t bits;
        } value = {values[j]};
        int32_t upper = (int32_t)(value.bits >> 32);
        int32_t sign = upper >> 31;
        int32_t step = ((upper & MAGNITUDE) >> shift) - first;
        step = step > 0 ? step : 0;
        places[j] = (int32_t)((uint32_t)((step ^ sign) - sign) - (uint32_t)low);
    }
}

/* 0, or -1 when a number lies in no cell: then the caller's ends were not those of the numbers. */
static int look_for_cells(const double *values, Py_ssize_t size, const int64_t *lanes, int shift, int32_t first,
                          int32_t low, double mean, int64_t *counts, Py_ssize_t cells, Py_ssize_t bins,
                          double *squares)
{
    int32_t places[LANES];
    uint64_t many = bins > 0 ? (uint64_t)(cells / bins) : 0;
    for (Py_ssize_t start = 0; start < size; start += LANES) {
        const double *row = values + start;
        int some = size - start < LANES ? (int)(size - start) : LANES;
        for (int j = 0; j < some; j++) {
            double apart = row[j] - mean;
            squares[j] += apart * apart;
        }
        find_places(row, some, shift, first, low, places);
        for (int j = 0; j < some; j++) {
            uint64_t place = (uint64_t)(int64_t)places[j], lane = lanes == NULL ? 0 : (uint64_t)lanes[start + j];
            if (place >= (uint64_t)bins || lane >= many)
                return -1;
            counts[lane * (uint64_t)bins + place]++;
        }
    }
    return 0;
}

static int holds(const Py_buffer *buffer, Py_ssize_t many, const char *name)
{
    if ((uintptr_t)buffer->buf % 8 != 0) {
        PyErr_Format(PyExc_ValueError, "%s does not lie on a multiple of 8 bytes", name);
        return 0;
    }
    if (buffer->len == many * 8)
        return 1;
    PyErr_Format(PyExc_ValueError, "%s holds %zd bytes instead of %zd", name, buffer->len, many * 8);
    return 0;
}

static PyObject *ends(PyObject *Py_UNUSED(module), PyObject *arguments)
{
    Py_buffer values, sums;
    double low = 0, high = 0;
    if (!PyArg_ParseTuple(arguments, "y*w*", &values, &sums))
        return NULL;
    Py_ssize_t size = values.len / 8;
    int right = holds(&sums, LANES, "sums") && holds(&values, size, "values");
    if (right && size == 0) {
        PyErr_SetString(PyExc_ValueError, "no number has no ends");
        right = 0;
    }
    if (right) {
        Py_BEGIN_ALLOW_THREADS
        look_for_ends(values.buf, size, sums.buf, &low, &high);
        Py_END_ALLOW_THREADS
    }
    PyBuffer_Release(&values);
    PyBuffer_Release(&sums);
    return right ? Py_BuildValue("dd", low, high) : NULL;
}

static PyObject *count(PyObject *Py_UNUSED(module), PyObject *arguments)
{
    Py_buffer values, counts, squares, lanes;
    PyObject *by = NULL;
    int shift = 0, first = 0, low = 0, inside = 0;
    double mean = 0;
    Py_ssize_t bins = 0;
    if (!PyArg_ParseTuple(arguments, "y*O(iiin)dw*w*", &values, &by, &shift, &first, &low, &bins, &mean, &counts,
                          &squares))
        return NULL;
    Py_ssize_t size = values.len / 8;
    int has_lanes = by != Py_None;
    if (has_lanes && PyObject_GetBuffer(by, &lanes, PyBUF_SIMPLE) < 0) {
        PyBuffer_Release(&values);
        PyBuffer_Release(&counts);
        PyBuffer_Release(&squares);
        return NULL;
    }
    int right = holds(&squares, LANES, "squares") && holds(&values, size, "values") &&
                holds(&counts, counts.len / 8, "counts") && (!has_lanes || holds(&lanes, size, "lanes"));
    if (right && (shift < 0 || shift > 31 || first < 0 || bins < 0)) {
        PyErr_SetString(PyExc_ValueError, "shift lies from 0 to 31, first and bins are not below 0");
        right = 0;
    }
    if (right) {
        Py_BEGIN_ALLOW_THREADS
        inside = look_for_cells(values.buf, size, has_lanes ? lanes.buf : NULL, shift, first, low, mean, counts.buf,
                                counts.len / 8, bins, squares.buf);
        Py_END_ALLOW_THREADS
        if (inside < 0) {
            PyErr_SetString(PyExc_ValueError, "a number lies outside the ends that were given");
            right = 0;
        }
    }
    PyBuffer_Release(&values);
    PyBuffer_Release(&counts);
    PyBuffer_Release(&squares);
    if (has_lanes)
        PyBuffer_Release(&lanes);
    if (!right)
        return NULL;
    Py_RETURN_NONE;
}

static PyMethodDef methods[] = {
    {"ends", ends, METH_VARARGS, NULL},
    {"count", count, METH_VARARGS, NULL},
    {NULL, NULL, 0, NULL},
};

static PyModuleDef_Slot slots[] = {{0, NULL}};

static struct PyModuleDef definition = {
    .m_base = PyModuleDef_HEAD_INIT,
    .m_name = "_bits",
    .m_size = 0,
    .m_methods = methods,
    .m_slots = slots,
};

PyMODINIT_FUNC PyInit__bits(void)
{
    return PyModuleDef_Init(&definition);
}
