# Counting by polynomials: models a second (usage in the source's head).
add_executable(benchmarks_polynomial_predict benchmarks/polynomial_predict.c)
target_include_directories(benchmarks_polynomial_predict PRIVATE ${CMAKE_SOURCE_DIR})
target_link_libraries(benchmarks_polynomial_predict PRIVATE bench)
