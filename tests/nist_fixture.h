/* tests/nist_fixture.h - a file laid out as NIST's, with two predictors. */
#ifndef TESTS_NIST_FIXTURE_H
#define TESTS_NIST_FIXTURE_H

static const char nist_small[] = "NIST/ITL StRD\n"
                                 "Dataset Name:  Small1            (Small1.dat)\n"
                                 "\n"
                                 "File Format:   ASCII\n"
                                 "               Starting Values   (lines 16 to  17)\n"
                                 "               Certified Values  (lines 16 to 22)\n"
                                 "               Data              (lines 25 to 28)\n"
                                 "\n"
                                 "Data:          1 Response  (y)\n"
                                 "Model:         Exponential Class\n"
                                 "               2 Parameters (b1 and b2)\n"
                                 "\n"
                                 "               y = b1*exp(-b2*x1)  +  e\n"
                                 "          Starting values                  Certified Values\n"
                                 "        Start 1     Start 2   Parameter  Standard Deviation\n"
                                 "  b1 =   500         250      2.39E+02  2.70E+00\n"
                                 "  b2 =     0.0001   -0.0005   5.5E-04   7.25E-06\r\n"
                                 "\n"
                                 "Residual Sum of Squares:                    1.25E-01\n"
                                 "Residual Standard Deviation:                2.5E-01\n"
                                 "Degrees of Freedom:                                2\n"
                                 "Number of Observations:                            4\n"
                                 "\n"
                                 "Data:   y               x1  x2\n"
                                 "      10.07E0      77.6E0  1\n"
                                 "      14.73E0     114.9E0  2\n"
                                 "      17.94E0     141.1E0  3\n"
                                 "      23.93E0     190.8E0  4\n";

#endif
