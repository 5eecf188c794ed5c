"""What can be told of a text by itself, in French and English: knows no article and no index.

detect      which language it is in
sentences   where its sentences begin and end
terms       text → terms: folded, stemmed, without stop words
names       the names in it
numbers     the numbers in it, by value
dates       the times in it, as intervals; `vocabulary` has the words for them
"""
