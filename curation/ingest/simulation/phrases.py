"""The words of simulated posts: five slots make a sentence."""

from __future__ import annotations

OPENERS = (
    "Today", "This morning", "Last night", "So", "Honestly", "Breaking:", "Just saw that", "Why is it that",
    "Finally", "Again,", "Great news:", "Look:", "They say", "Nobody tells you that", "As expected", "Remember when",
    "I think", "We know that", "Update:", "Sadly", "In our town", "At work", "On the train", "After lunch",
    "In short", "Once more", "At last", "Yesterday", "Since Monday", "For years", "Apparently", "Of course",
)
SUBJECTS = (
    "the council", "my neighbour", "the bakery", "our team", "the river", "the new bridge", "the bus", "the mayor",
    "a friend", "the museum", "the school", "the old cinema", "the market", "the harbour", "the weather", "the coach",
    "the choir", "the library", "the station", "the orchard", "the committee", "everybody", "the press", "the baker",
    "the farmer", "the garden", "the festival", "the printer", "the ferry", "the concert", "the vote", "the minister",
    "the hospital", "the storm", "the price of bread", "the tram", "the forecast", "the train", "the gallery",
    "the budget", "the stadium", "the forest", "the kitchen", "the café", "the factory", "the lighthouse",
    "the postman", "the referee",
)
VERBS = (
    "has changed", "will not wait for", "is late for", "keeps talking about", "has opened", "forgot", "supports",
    "is against", "can save", "is worth", "needs", "has lost", "is back with", "announces", "brings", "has closed",
    "would like", "pays for", "is proud of", "complains about", "looks like", "wins with", "promises", "has found",
    "is all about", "stands by", "hides", "never mentions", "shows", "is looking for", "cannot stop", "celebrates",
)
OBJECTS = (
    "the whole street", "a better plan", "the second half", "fresh bread", "the long weekend", "free tickets",
    "the truth", "a small miracle", "the last tram", "more light", "new rules", "an honest answer", "half the price",
    "the summer", "the rain", "a quiet evening", "the first snow", "good coffee", "the opening hours",
    "a walk by the sea", "the election", "the results", "a fair deal", "the history of the town", "the next season",
    "the missing page", "the morning paper", "our money", "the best soup in town", "the slow line", "the old promise",
    "a new roof", "the north gate", "the blue door", "every voter", "the people", "the movement", "the petition",
    "this offer", "the shop", "a second chance", "the winter timetable", "the lost umbrella", "the big match",
    "a cheap flight", "the recipe", "the photograph", "a long story", "the final", "a warm coat", "the evening news",
    "the playground", "the timetable", "the debate", "the neighbours", "the orchestra", "a longer summer",
    "the fine print", "the open day", "the fireworks", "the night bus", "the lake", "the village",
    "the secret ingredient",
)
CLOSERS = (
    "", "", "", "", ".", ".", "!", "!!", "...", "?", " :)", " again.", " I love it.", " what a day", " no comment.", " sad.",
    " 😀", " 👏", " 🎉", " 🙄", " do not miss it!", " click now!", " share this!", " pass it on.", " read more:", " tell everyone.",
    " that is all.", " believe me.", " who else?", " more tomorrow.", " see for yourself.", " haha",
)
SECOND = (
    "", " It is important to note that the details matter.", " In summary, there is much to consider.",
    " Moreover, communities thrive when people come together.", " This highlights the value of thoughtful planning.",
    " As we move forward, balance remains essential.", " Together, we can explore what comes next.",
    " Ultimately, every voice plays a part.",
)
"""A second sentence, such as generated posts have; the first is none."""

BIO = (
    "Simulated person", "likes long walks", "coffee first", "views are simulated", "father of two", "mother of three",
    "teacher", "gardener", "news and views", "always learning", "runner", "proud of our town", "music", "books",
    "football", "follow back", "best offers daily", "patriot", "traveller", "photographer", "free tips", "official",
    "retired", "student", "nurse", "engineer",
)
PLACES = ("Simulated Town", "North Harbour", "Lower Valley", "Eastbridge", "Old Mill", "Lakeside", "somewhere", "Westgate")
NAMES = ("river", "stone", "maple", "harbour", "cloud", "ember", "meadow", "falcon", "linden", "copper", "breeze", "willow")
