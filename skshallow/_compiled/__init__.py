"""The network once more, as loops that numba compiles: the same numbers, many times as fast.

The files have the names of core's, and the same letters; where core has a line of NumPy, there is a
loop here. With ``NUMBA_DISABLE_JIT=1`` all of it runs as plain Python.

``elementary`` has e^z and the like; ``activations``, ``losses``, ``optimizers``, ``input_scaling``
one small function for each formula; ``batches`` takes rows; ``network`` goes forward and backward;
``engine`` puts a step together and repeats it; ``jit`` says how all is compiled and kept.

A built-in activation, loss or optimizer that has no function here is left to NumPy.
"""
