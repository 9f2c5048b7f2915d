# Tests of native/cpu; included by CMakeLists.txt of this folder.
option(RERANK_EMULATE_AVX512 "run the AVX-512 kernels on any CPU, lane by lane; takes minutes to compile" OFF)

add_native_test(cpu_test
  SOURCES cpu_attention_test.cc cpu_encoder_test.cc cpu_linear_test.cc cpu_rows_test.cc cpu_test_kernels.cc
          cpu_threads_test.cc
  LIBRARIES rerank_cpu)
if(RERANK_EMULATE_AVX512)
  target_sources(cpu_test PRIVATE cpu_emulated_kernels.cc)
  target_compile_definitions(cpu_test PRIVATE RERANK_EMULATE_AVX512)
  # As the kernels themselves: only the multiply-adds that are written are fused.
  set_source_files_properties(cpu_emulated_kernels.cc PROPERTIES COMPILE_OPTIONS "-O2;-ffp-contract=off")
endif()
