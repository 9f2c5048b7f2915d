# Tests of native/cpu; included by CMakeLists.txt of this folder.
add_native_test(cpu_test
  SOURCES cpu_attention_test.cc cpu_emulated_kernels.cc cpu_encoder_test.cc cpu_linear_test.cc cpu_rows_test.cc
          cpu_test_kernels.cc cpu_threads_test.cc
  LIBRARIES rerank_cpu)
# As the kernels themselves: only the multiply-adds that are written are fused.
set_source_files_properties(cpu_emulated_kernels.cc PROPERTIES COMPILE_OPTIONS "$<IF:$<BOOL:${RERANK_SANITIZE}>,-O1,-O2>;-ffp-contract=off")
