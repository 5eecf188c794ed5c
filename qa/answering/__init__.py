"""From hits to an answer.

kinds         what kind of question it is
followups     a follow-up → a question that stands alone
small_talk    greetings and thanks
collection    questions about the collection itself
quotes        the sentences that are quoted
confidence    how likely they are to hold the answer
abstention    what is said when they do not
queue         who waits for the language model
passages      what a language model reads
generative    a language model's words over them
grounding     the sentences that carry what it wrote; the rest is dropped
extractive    an answer made of quotes alone
escape        words from outside made harmless in a prompt or as Markdown
"""
