"""The embedder's weights as they are downloaded → the files that run, once, after a download.

e5_file      reads the four-bit file of multilingual-e5-small
e5_folder    that file → a sentence-transformers folder
int8_writer  weights → the ONNX graph in whole numbers that `int8_embedder` runs
int8_gemma   the same for EmbeddingGemma
int8_graph   the parts of such a graph
"""
