"""What makes a result believable, topic by topic: each module has the sentence and the figure of one question."""
