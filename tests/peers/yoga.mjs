// GraphQL Yoga as its documentation starts it, no cache plugin: node yoga.mjs PORT
import { createServer } from 'node:http';
import { createSchema, createYoga } from 'graphql-yoga';

const authors = [
  { id: 'a1', name: 'Ursula K. Le Guin' },
  { id: 'a2', name: 'Stanisław Lem' },
];
const posts = [
  { id: '1', title: 'The Dispossessed', authorId: 'a1', rating: 4.5, tags: ['utopia', 'physics'] },
  { id: '2', title: 'Solaris', authorId: 'a2', rating: 5, tags: ['ocean'] },
  { id: '3', title: 'The Lathe of Heaven', authorId: 'a1', rating: 4, tags: [] },
];

const typeDefs = /* GraphQL */ `
  type Author { id: ID!, name: String!, posts: [Post!]! }
  type Post { id: ID!, title: String!, rating: Float!, tags: [String!]!, author: Author! }
  union Found = Author | Post
  type Query {
    posts: [Post!]!
    post(id: ID!): Post
    author(id: ID!): Author
    search(text: String!): [Found!]!
    fails: String
  }
  type Mutation { updatePost(id: ID!, title: String!): Post }
`;

const matches = (text, value) => value.toLowerCase().includes(text.toLowerCase());

const resolvers = {
  Author: { posts: (author) => posts.filter((post) => post.authorId === author.id) },
  Post: { author: (post) => authors.find((author) => author.id === post.authorId) },
  Found: { __resolveType: (value) => ('title' in value ? 'Post' : 'Author') },
  Query: {
    posts: () => posts,
    post: (_, { id }) => posts.find((post) => post.id === id),
    author: (_, { id }) => authors.find((author) => author.id === id),
    search: (_, { text }) => [
      ...authors.filter((author) => matches(text, author.name)),
      ...posts.filter((post) => matches(text, post.title)),
    ],
    fails: () => {
      throw new Error('this field always fails');
    },
  },
  Mutation: {
    updatePost: (_, { id, title }) => {
      const post = posts.find((candidate) => candidate.id === id);
      if (post) post.title = title;
      return post;
    },
  },
};

const yoga = createYoga({ schema: createSchema({ typeDefs, resolvers }) });
createServer(yoga).listen(Number(process.argv[2]), '127.0.0.1');
