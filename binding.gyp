{
  "targets": [
    {
      # CMakeLists.txt describes the build; this hands node-gyp's callers over to it.
      "target_name": "mlx_rerank",
      "type": "none",
      "actions": [
        {
          "action_name": "build_with_cmake",
          "inputs": [],
          # Never created, so that every call reaches CMake, which knows what is out of date.
          "outputs": ["<(INTERMEDIATE_DIR)/always"],
          "action": ["node", "scripts/build-native.mjs", "--<(CONFIGURATION_NAME)"]
        }
      ]
    }
  ]
}
