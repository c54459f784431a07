"""The network in the notes' letters: NumPy and SciPy only, nothing of scikit-learn.

Examples are columns, superscripts in square brackets become digits.

=========================  ==========  ==============================================
letter                     shape       meaning
=========================  ==========  ==============================================
``A0``                     (n0, m)     inputs, one example a column
``W1, b1``                 (n1, n0),   hidden layer: Z1 = W1 A0 + b1
                           (n1, 1)
``Z1, A1``                 (n1, m)     hidden pre-activation, activation A1 = g(Z1)
``W2, b2``                 (n2, n1),   output layer: Z2 = W2 A1 + b2
                           (n2, 1)
``Z2, A2``                 (n2, m)     scores, outputs
``Y``                      (n2, m)     targets
``s``                      (1, m)      weights of the examples, or (n2, m)
``dZ2, dW2, db2, ...``     as above    derivatives of J
=========================  ==========  ==============================================

The objective of every solver:

    J = sum_i s_i L(a2_i, y_i) / sum_i s_i  +  alpha/2 (|W1|^2 + |W2|^2)

What users import: ``activations``, ``initializers``, ``losses``, ``optimizers``, ``schedules``, one
family each. Behind them, which may change without notice: ``parameters`` theta and its views by
name; ``batches`` every way to take rows, ``standardization`` of X and y; ``network`` goes forward
and backward; ``engine`` computes an epoch of steps or the objective; ``training`` and ``lbfgs``
repeat it and know when to stop; ``input_scaling`` learns how much each input counts; ``health``
looks at the hidden layer when all is done.
"""
