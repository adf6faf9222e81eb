"""How a course is made: questions, versions, answers, proof that it can be solved."""
